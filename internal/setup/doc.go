// Package setup makes a whole world to run providers in: a throw-away PKI, a
// time-stamp authority, a signed trust list, the services that providers ask
// outside, and a configuration file for each provider. Everything in it is
// simulated and marked as such; production mode refuses it. remd demo, the load
// program and the scenarios use it.
//
// A [House] takes people through a provider that runs: it founds the staff,
// publishes what applicants read, and carries a synthetic person from the notice to
// credentials, by the same calls as the pages make.
//
// Invariants: ports and keys are made anew for each world; nothing of it answers
// beyond loopback; people in it are synthetic.
//
// Next: world.go for what is made, outside.go for the services, house.go and
// applicant.go for people.
package setup
