package jose

import "vouchsafe/internal/strictjson"

// parseJSONJWE reads the general and the flattened serialization, RFC 7516, Section
// 7.2. Members that are not defined there are ignored, as it asks.
func parseJSONJWE(text string, understood []string) (encrypted, error) {
	const clause = "RFC 7516, Section 7.2"
	m, err := strictjson.Parse(text, "protected", "unprotected", "recipients", "header",
		"encrypted_key", "iv", "ciphertext", "tag", "aad")
	if err != nil {
		return encrypted{}, checkError("JSON", "must be one strict JSON object", clause)
	}
	var protected, iv, ciphertext, tag, aad string
	ok := stringMembers(m, stringMember{"protected", &protected}, stringMember{"iv", &iv},
		stringMember{"ciphertext", &ciphertext}, stringMember{"tag", &tag},
		stringMember{"aad", &aad})
	var octets [5][]byte
	for i, part := range []string{protected, iv, ciphertext, tag, aad} {
		decoded, okPart := decode(part)
		octets[i], ok = decoded, ok && okPart
	}
	ok = ok && (protected != "" || m.Get("protected") == "") && (aad != "" || m.Get("aad") == "")
	if !ok || m.Get("ciphertext") == "" {
		return encrypted{}, checkError("JSON", "must have base64url of one spelling", clause)
	}
	result := encrypted{protected: protected, aad: aad,
		iv: octets[1], ciphertext: octets[2], tag: octets[3]}
	result.recipients, err = parseRecipients(m, string(octets[0]), understood)
	return result, err
}

// parseRecipients reads the recipients of the general serialization, or the one of
// the flattened.
func parseRecipients(m strictjson.Object, protected string, understood []string) (
	[]recipient, error) {
	shared, err := parseUnprotected(m.Get("unprotected"))
	if err != nil {
		return nil, err
	}
	general := m.Get("recipients")
	if general == "" {
		r, err := parseRecipient(m, protected, shared, understood)
		return []recipient{r}, err
	}
	list, ok := general.Array()
	if !ok || len(list) == 0 || len(list) > maxParts || m.Get("header") != "" ||
		m.Get("encrypted_key") != "" {
		return nil, checkError("recipients", "must be 1 to 8, beside no other recipient",
			"RFC 7516, Section 7.2.1")
	}
	recipients := make([]recipient, len(list))
	for i, v := range list {
		one, err := strictjson.Parse(string(v), "header", "encrypted_key")
		if err != nil {
			return nil, checkError("recipients", "must be objects", "RFC 7516, Section 7.2.1")
		}
		if recipients[i], err = parseRecipient(one, protected, shared, understood); err != nil {
			return nil, err
		}
		if recipients[i].header.Encryption != recipients[0].header.Encryption {
			return nil, checkError("enc", "must be the same for all", "RFC 7516, Section 7.2.1")
		}
	}
	return recipients, nil
}

// parseRecipient reads one recipient's members of m.
func parseRecipient(m strictjson.Object, protected string, shared strictjson.Object,
	understood []string) (recipient, error) {
	own, err := parseUnprotected(m.Get("header"))
	if err != nil {
		return recipient{}, err
	}
	var text string
	ok := stringMembers(m, stringMember{"encrypted_key", &text})
	key, okKey := decode(text)
	if !ok || !okKey {
		return recipient{}, checkError("encrypted_key", "must be base64url of one spelling",
			"RFC 7516, Section 7.2.1")
	}
	return newRecipient(key, orEmpty(protected), understood, shared, own)
}
