module vouchsafe/testdata/interop

go 1.26

require vouchsafe v0.0.0

replace vouchsafe => ../..
