// Package setup makes a whole world to run providers in: a throw-away PKI, a
// time-stamp authority, a signed trust list, and a configuration file for each
// provider. Everything in it is simulated and marked as such; production mode
// refuses it. remd demo, the load program and the scenarios use it.
package setup
