// Package interop tests vouchsafe against programs that others wrote. At the npm package
// oidc-provider (op.mjs) it does all that both of them can: TestTableAtProvider prints a table
// of the cases, whether each passes, and what there is to know of it. One that must be refused
// passes if it is, by whom it should and for what. The npm package openid-client (rp.mjs) logs
// in at the test provider of package oidctest. Chromium brings responses back, by fragments
// and by forms, with and without cookies; PostgreSQL, MariaDB and SQLite keep tokens, and
// share them between processes; Redis and sessions of alexedwards/scs keep logins in the
// making; and SDKs of GitHub and DigitalOcean are handed tokens.
//
// At the OAuth 1.0 provider of the Python package Authlib (op1.py) it logs in by each signature
// method, in each place, and Authlib's clients (rp.py) log in at the test providers of both
// protocols. Their tests print tables, in which a case fails where Authlib is not as
// its specification has it.
//
// It is a module of its own, so that none of this is a dependency of vouchsafe. Run "make
// interop" at the top of the repository: it installs what it may and runs the tests. They
// start and stop their own servers. Where one is not installed, or node, python3, a browser,
// or the packages are missing, the tests that need them skip.
package interop
