module vouchsafe

go 1.26
