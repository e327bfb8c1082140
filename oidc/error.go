package oidc

import "vouchsafe/jose"

func checkError(check, need, clause string) error {
	return &jose.CheckError{Check: check, Need: need, Clause: clause}
}
