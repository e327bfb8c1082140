package registry

// load makes the registration of a configuration that Options.Config completes. others are
// the names of the clients beside it.
func (s *settings) load(name string, c Config, others []string) (*registration, error) {
	// TODO(config)
	m, err := s.register(name, c)
	if err != nil {
		return nil, configError(name, nil, err)
	}
	return m, nil
}
