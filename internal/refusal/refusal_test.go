package refusal

import (
	"errors"
	"io"
	"testing"

	"vouchsafe/jose"
)

func TestBecause(t *testing.T) {
	if err := Because(nil, "a", "must be", "RFC 1"); err != nil {
		t.Errorf("of nothing: %v", err)
	}
	err := Because(io.EOF, "a", "must be", "RFC 1")
	e, ok := errors.AsType[*jose.CheckError](err)
	if !ok || *e != (jose.CheckError{Check: "a", Need: "must be", Clause: "RFC 1"}) ||
		!errors.Is(err, io.EOF) || err.Error() != "a must be (RFC 1): EOF" {
		t.Errorf("error is %v", err)
	}
}
