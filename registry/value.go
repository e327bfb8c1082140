package registry

import (
	"crypto"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"

	"vouchsafe/internal/strictjson"
	"vouchsafe/jose"
)

// What a value must be. The errors never repeat it.
var (
	errText    = errors.New("must be text")
	errWords   = errors.New("must be text, or a list of texts")
	errMap     = errors.New("must be a map: JSON, or a query")
	errMember  = errors.New("the query has a member that is not known")
	errParams  = errors.New("must be a map of texts, and of lists of texts")
	errNames   = errors.New("must be a map of texts")
	errFlag    = errors.New("must be true, false, 1 or 0")
	errSeconds = errors.New("must be a number of seconds that is not negative")
	errPEM     = errors.New("must be one private key, in PEM without a password")
	errKeys    = errors.New("must be a JWK Set with a public key that this module knows")
)

// text reads a text.
func text(value any) (any, error) {
	v := reflect.ValueOf(value)
	if _, number := value.(json.Number); number || v.Kind() != reflect.String {
		return nil, errText
	}
	return v.String(), nil
}

// textOf returns the text of a value that has exactly one.
func textOf(value any) (string, bool) {
	if _, ok := value.(time.Duration); ok {
		return "", false
	}
	switch v := reflect.ValueOf(value); {
	case v.Kind() == reflect.String:
		return v.String(), true
	case v.Kind() == reflect.Bool:
		return strconv.FormatBool(v.Bool()), true
	case v.CanInt():
		return strconv.FormatInt(v.Int(), 10), true
	case v.CanUint():
		return strconv.FormatUint(v.Uint(), 10), true
	case v.CanFloat() && math.Abs(v.Float()) < 1<<53:
		return strconv.FormatFloat(v.Float(), 'f', -1, 64), true
	}
	return "", false
}

// textsOf returns the texts of a value that is one, or a list of them.
func textsOf(value any) ([]string, bool) {
	switch value := value.(type) {
	case []string:
		return value, true
	case []any:
		var texts []string
		for _, each := range value {
			s, ok := textOf(each)
			if !ok {
				return nil, false
			}
			texts = append(texts, s)
		}
		return texts, true
	}
	s, ok := textOf(value)
	return []string{s}, ok
}

// words reads a list of words, such as scopes.
func words(value any) (any, error) {
	if s, ok := value.(string); ok {
		if s = strings.TrimSpace(s); !strings.HasPrefix(s, "[") {
			return strings.Fields(s), nil
		}
		list, err := object(`{"list":` + s + `}`)
		if err != nil || len(list) != 1 {
			return nil, errWords
		}
		value = list["list"]
	}
	texts, ok := textsOf(value)
	if !ok {
		return nil, errWords
	}
	return texts, nil
}

// object reads a JSON object strictly; its numbers stay as they are written.
func object(s string) (map[string]any, error) {
	if _, err := strictjson.Parse(s); err != nil {
		return nil, fmt.Errorf("must be a JSON object, with double quotation marks: %w", err)
	}
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	var m map[string]any
	err := d.Decode(&m)
	return m, err
}

// mapping reads a map, of JSON or a query if it is text, without what is nil.
func mapping(value any) (map[string]any, error) {
	if s, ok := value.(string); ok {
		var err error
		if value, err = parseMapping(s); err != nil {
			return nil, err
		}
	}
	v := reflect.ValueOf(value)
	if v.Kind() != reflect.Map || v.Type().Key().Kind() != reflect.String {
		return nil, errMap
	}
	m := map[string]any{}
	for name, each := range v.Seq2() {
		if each := each.Interface(); each != nil {
			m[name.String()] = each
		}
	}
	return m, nil
}

func parseMapping(s string) (any, error) {
	if s = strings.TrimSpace(s); strings.HasPrefix(s, "{") {
		return object(s)
	}
	query, err := url.ParseQuery(s)
	if err != nil || !strings.Contains(s, "=") || strings.ContainsAny(s, "{}\"'\n") {
		return nil, errMap
	}
	m := map[string]any{}
	for name, values := range query {
		if m[name] = values; len(values) == 1 {
			m[name] = values[0]
		}
	}
	return m, nil
}

// params reads parameters.
func params(value any) (any, error) {
	m, err := mapping(value)
	if err != nil {
		return nil, err
	}
	all := url.Values{}
	for name, each := range m {
		texts, ok := textsOf(each)
		if !ok {
			return nil, errParams
		}
		if len(texts) > 0 {
			all[name] = texts
		}
	}
	return all, nil
}

// names reads a map of texts.
func names(value any) (any, error) {
	m, err := mapping(value)
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	for name, each := range m {
		texts, ok := textsOf(each)
		if !ok || len(texts) != 1 {
			return nil, errNames
		}
		all[name] = texts[0]
	}
	return all, nil
}

// flag reads a boolean.
func flag(value any) (any, error) {
	switch s, _ := textOf(value); s {
	case "true", "1":
		return true, nil
	case "false", "0":
		return false, nil
	}
	return nil, errFlag
}

// seconds reads a time in seconds.
func seconds(value any) (any, error) {
	if d, ok := value.(time.Duration); ok {
		return d, nil
	}
	s, _ := textOf(value)
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || strings.Trim(s, ".0123456789") != "" || f > 1e9 {
		return nil, errSeconds
	}
	return time.Duration(f * float64(time.Second)), nil
}

// leeway reads a time in seconds of which 0 means none.
func leeway(value any) (any, error) {
	d, err := seconds(value)
	if err == nil && d == time.Duration(0) {
		d = time.Duration(-1)
	}
	return d, err
}

// privateKey reads a private key, in PEM or as a JSON Web Key.
func privateKey(value any) (any, error) {
	switch value := value.(type) {
	case *jose.Key:
		return value, nil
	case map[string]any:
		return parseJSON(value, jose.ParsePrivateKey)
	case string:
		if strings.HasPrefix(strings.TrimSpace(value), "{") {
			return jose.ParsePrivateKey([]byte(value))
		}
	}
	signer, err := signerOf(value)
	if err != nil {
		return nil, err
	}
	return jose.NewKey(signer, jose.KeyOptions{})
}

// parseJSON has parse read a map as JSON.
func parseJSON[T any](value map[string]any, parse func([]byte) (T, error)) (T, error) {
	raw, err := json.Marshal(value)
	if err != nil { // which may repeat the value
		var none T
		return none, errMap
	}
	return parse(raw)
}

// rsaKey reads a private key in PEM.
func rsaKey(value any) (any, error) { return signerOf(value) }

func signerOf(value any) (crypto.Signer, error) {
	if signer, ok := value.(crypto.Signer); ok {
		return signer, nil
	}
	s, _ := value.(string)
	block, rest := pem.Decode([]byte(s))
	if block == nil || len(strings.TrimSpace(string(rest))) > 0 {
		return nil, errPEM
	}
	parsed, err := parseDER(block)
	signer, ok := parsed.(crypto.Signer)
	if err != nil || !ok {
		return nil, errPEM
	}
	return signer, nil
}

func parseDER(block *pem.Block) (any, error) {
	switch block.Type {
	case "PRIVATE KEY":
		return x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		return x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		return x509.ParseECPrivateKey(block.Bytes)
	}
	return nil, errPEM
}

// keySet reads a JWK Set.
func keySet(value any) (any, error) {
	set, err := (*jose.Set)(nil), errKeys
	switch value := value.(type) {
	case *jose.Set:
		return value, nil
	case map[string]any:
		set, err = parseJSON(value, jose.ParseSet)
	case string:
		set, err = jose.ParseSet([]byte(value))
	}
	if err == nil && len(set.All()) == 0 {
		err = errKeys
	}
	return set, err
}
