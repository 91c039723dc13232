// Posts a request as made by golang.org/x/crypto/ocsp: `ask ca.der leaf.der http://responder`.
package main

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"

	"golang.org/x/crypto/ocsp"
)

func certificate(path string) *x509.Certificate {
	der, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return parsed
}

func main() {
	ca, leaf := certificate(os.Args[1]), certificate(os.Args[2])
	request, err := ocsp.CreateRequest(leaf, ca, nil)
	if err != nil {
		panic(err)
	}
	reply, err := http.Post(os.Args[3], "application/ocsp-request", bytes.NewReader(request))
	if err != nil {
		panic(err)
	}
	body, err := io.ReadAll(reply.Body)
	if err != nil {
		panic(err)
	}
	response, err := ocsp.ParseResponse(body, ca)
	if err != nil {
		panic(err)
	}
	fmt.Println(response.Status == ocsp.Good)
}
