package main

import (
	"fmt"
	"net"
	"os"
	"os/user"
	"strconv"
)

// freeAddress gives an address on loopback that nobody uses now.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("looking for a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// chownTo gives a file to a user by name.
func chownTo(name, owner string) error {
	u, err := user.Lookup(owner)
	if err != nil {
		return err
	}
	id, err := strconv.Atoi(u.Uid)
	if err != nil {
		return err
	}
	return os.Chown(name, id, -1)
}
