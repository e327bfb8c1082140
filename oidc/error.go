package oidc

import (
	"fmt"

	"vouchsafe/jose"
)

func checkError(check, need, clause string) error {
	return &jose.CheckError{Check: check, Need: need, Clause: clause}
}

// because names the check that err made fail; nil stays nil.
func because(err error, check, need, clause string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", checkError(check, need, clause), err)
}
