// Package refusal names the check that an error made fail.
package refusal

import (
	"fmt"

	"vouchsafe/jose"
)

// Because returns err as the cause of a [jose.CheckError], or nil if it is nil.
func Because(err error, check, need, clause string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", &jose.CheckError{Check: check, Need: need, Clause: clause}, err)
}
