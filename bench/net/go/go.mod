module leat/bench/net

go 1.24
