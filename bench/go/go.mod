module leatbench

go 1.22
