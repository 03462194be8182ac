// Package e2e tests the connector from outside: the built binary, driven by
// the stand-in Functions host, against the local cloud.
//
// Nothing of the product is linked. What is asserted is what users and their
// programs rely on: the rows that arrive, the run history, the log streams,
// the exit codes, and the invariants of the design under faults, kills and
// signals.
package e2e
