package jose

import "vouchsafe/internal/strictjson"

// parseJSONJWS reads the general and the flattened serialization, RFC 7515, Section
// 7.2. Members that are not defined there are ignored, as it asks.
func parseJSONJWS(text string, detached []byte, understood []string) (message, error) {
	const clause = "RFC 7515, Section 7.2"
	m, err := strictjson.Parse(text, "payload", "signatures", "protected", "header", "signature")
	if err != nil {
		return message{}, checkError("JSON", "must be one strict JSON object", clause)
	}
	list := []strictjson.Value{strictjson.Value(text)}
	if general := m.Get("signatures"); general != "" {
		var ok bool
		list, ok = general.Array()
		if !ok || len(list) == 0 || len(list) > maxParts ||
			m.Get("signature") != "" || m.Get("protected") != "" || m.Get("header") != "" {
			return message{}, checkError("signatures", "must be 1 to 8, beside no other signature",
				"RFC 7515, Section 7.2.1")
		}
	}
	payload, err := jsonPayload(m.Get("payload"), detached)
	if err != nil {
		return message{}, err
	}
	return parseSignatures(list, payload, detached, understood)
}

// jsonPayload returns the payload as it stands, empty if it is detached.
func jsonPayload(v strictjson.Value, detached []byte) (string, error) {
	if detached != nil {
		if v != "" {
			return "", errDetached()
		}
		return "", nil
	}
	payload, ok := v.String()
	if !ok {
		return "", checkError("payload", "must be a string", "RFC 7515, Section 7.2.1")
	}
	return payload, nil
}

// parseSignatures reads the signatures, which must agree on whether the payload is
// encoded (RFC 7797, Section 3).
func parseSignatures(list []strictjson.Value, payload string, detached []byte,
	understood []string) (message, error) {
	var m message
	for i, v := range list {
		h, s, err := parseSignature(v, understood)
		if err != nil {
			return message{}, err
		}
		if b64 := isEncoded(h); i > 0 && b64 != m.b64 {
			return message{}, checkError("b64", "must be the same for all", "RFC 7797, Section 3")
		} else if m.b64 = b64; detached != nil {
			payload = encodePayload(detached, b64)
		}
		s.input += "." + payload
		m.headers, m.signatures = append(m.headers, h), append(m.signatures, s)
	}
	m.payload = payload
	return m, nil
}

// parseSignature reads one signature, whose input still lacks the payload.
func parseSignature(v strictjson.Value, understood []string) (Header, signature, error) {
	const clause = "RFC 7515, Section 7.2.1"
	m, err := strictjson.Parse(string(v), "protected", "header", "signature")
	if err != nil {
		return Header{}, signature{}, checkError("signatures", "must be objects", clause)
	}
	var protected, octets string
	ok := stringMembers(m, stringMember{"protected", &protected},
		stringMember{"signature", &octets}) && (protected != "" || m.Get("protected") == "")
	text, okHeader := decodeText(protected)
	sig, okSignature := decode(octets)
	if !ok || !okHeader || !okSignature || len(sig) == 0 {
		return Header{}, signature{}, checkError("JSON",
			"must have base64url of one spelling and a signature", clause)
	}
	unprotected, err := parseUnprotected(m.Get("header"))
	if err != nil {
		return Header{}, signature{}, err
	}
	h, err := parseHeader(orEmpty(text), understood, unprotected)
	h.Encryption = ""
	if unprotected.Get("alg") != "" {
		h.Algorithm = "" // none that counts: RFC 7515, Section 10.7
	}
	return h, signature{protected, sig}, err
}
