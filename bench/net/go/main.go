// SPDX-License-Identifier: MIT

// The twins of leat's servers: `net echo`, `net idle`, `net http`. Each prints its port.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
)

func echo(conn net.Conn, size int) {
	defer conn.Close()
	buf := make([]byte, size)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		if _, err = conn.Write(buf[:n]); err != nil {
			return
		}
	}
}

func hello(w http.ResponseWriter, _ *http.Request) {
	io.WriteString(w, "hello, world\n")
}

func main() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(l.Addr().(*net.TCPAddr).Port)
	if os.Args[1] == "http" {
		var both http.Protocols
		both.SetHTTP1(true)
		both.SetUnencryptedHTTP2(true)
		server := http.Server{Handler: http.HandlerFunc(hello), Protocols: &both}
		panic(server.Serve(l))
	}
	size := 16384
	if os.Args[1] == "idle" {
		size = 512
	}
	for {
		conn, err := l.Accept()
		if err != nil {
			panic(err)
		}
		go echo(conn, size)
	}
}
