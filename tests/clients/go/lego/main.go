// Lego puts an ACME challenge with lego's route53 provider, says so, waits for a line, and takes it away again.
//
//	lego DOMAIN RESOLVER        RESOLVER: address:port of a recursive resolver that finds the zone
//
// The provider, its search for the zone and its wait for INSYNC are lego's own; only the certificate is left out.
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"time"

	"github.com/go-acme/lego/v5/challenge/dns01"
	"github.com/go-acme/lego/v5/providers/dns/route53"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	domain := os.Args[1]
	options := dns01.NewOptions()
	options.RecursiveNameservers = []string{os.Args[2]}
	dns01.SetDefaultClient(dns01.NewClient(options))
	provider, err := route53.NewDNSProvider()
	must(err)
	const token, authorization = "token", "token.thumbprint"
	must(provider.Present(ctx, domain, token, authorization))
	fmt.Println(dns01.GetChallengeInfo(ctx, domain, authorization).Value)
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	must(provider.CleanUp(ctx, domain, token, authorization))
	fmt.Println("gone")
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
