module roofline

go 1.26
