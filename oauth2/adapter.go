package oauth2

import "context"

// An Adapter is a [TokenSource] for a package that has a token type of its own and asks
// for a token without a context. [Adapt] makes it.
type Adapter[T any] struct {
	ctx     context.Context // the method it is made for takes none
	source  *TokenSource
	convert func(*Token) T
}

// Adapt returns a source whose Token method is that of other packages. With T the type
// *oauth2.Token of golang.org/x/oauth2 it is a TokenSource there, which many SDKs take; do
// not wrap it in ReuseTokenSource, as it knows better when a token ends. ctx bounds all of
// its calls.
func Adapt[T any](ctx context.Context, s *TokenSource, convert func(*Token) T) Adapter[T] {
	return Adapter[T]{ctx, s, convert}
}

// Token returns what [TokenSource.Token] does, converted.
func (a Adapter[T]) Token() (T, error) {
	tok, err := a.source.Token(a.ctx)
	if err != nil {
		var zero T
		return zero, err
	}
	return a.convert(tok), nil
}
