package ldapd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"rem/internal/testkit/directorytest"
	"rem/provider/directory"
)

// REQ-79: Debian's ldapsearch, as people use it.
func TestLdapsearchFindsWhatTheDirectoryShows(t *testing.T) {
	w := serve(t, Limits{})
	startTLS := []string{"-H", "ldap://" + w.start, "-ZZ", "-D", "firma2@hs90.kep.test", "-w", password, "-b", suffix}
	identity := directorytest.Citizen(0).Reveal()
	for _, c := range []struct {
		name string
		args []string
		code int
		want []string // all of them in what is printed
		not  []string
	}{
		{"an address over ldaps", w.as("mail=kisi.no.0@hs90.kep.test"), 0, []string{"dn: mail=kisi.no.0@hs90.kep.test," + suffix, "objectClass: inetOrgPerson", "telephoneNumber: +905320000000", "kepService: send-and-receive", "userCertificate;binary:: "}, []string{identity}},
		{"the same with StartTLS and the bare address", append(startTLS, "(mail=KISI.NO.0@hs90.kep.test)"), 0, []string{"sn:: ", "mail: kisi.no.0@hs90.kep.test"}, nil},
		{"one attribute", w.as("mail=kisi.no.0@hs90.kep.test", "MAIL"), 0, []string{"mail: "}, []string{"cn:", "telephoneNumber"}},
		{"an option without its name", w.as("mail=kisi.no.0@hs90.kep.test", "userCertificate"), 0, []string{"userCertificate;binary:: "}, []string{"cn:"}},
		{"no attribute", w.as("mail=kisi.no.0@hs90.kep.test", "1.1"), 0, []string{"dn: "}, []string{"mail:", "objectClass"}},
		{"types only", w.as("-A", "mail=kisi.no.0@hs90.kep.test", "mail"), 0, []string{"mail:\n"}, []string{"mail: "}},
		{"an identity number", w.as("identityNumber=" + identity), 0, []string{"mail: kisi.no.0@hs90.kep.test"}, []string{identity}},
		{"a name, the other way of writing i", w.as("cn=ISIL CAGRI OGUTCU"), 0, []string{"mail: kisi.no.0@"}, nil},
		{"given name and surname", w.as("(&(objectClass=person)(givenName=Işıl Çağrı)(sn=Öğütçü))"), 0, []string{"mail: kisi.no.0@"}, nil},
		{"a name with its number", w.as("(&(cn=Işıl Çağrı Öğütçü)(identityNumber=" + identity + "))"), 0, []string{"mail: kisi.no.0@"}, nil},
		{"a name with another's number", w.as("(&(cn=Işıl Çağrı Öğütçü)(identityNumber=" + directorytest.Citizen(1).Reveal() + "))"), 0, nil, []string{"dn:"}},
		{"a MERSİS number", w.as("mersisNumber=0000000000000003"), 0, []string{"mail: firma3@", "businessCategory:: ", "st: Ankara", "objectClass: organization"}, nil},
		{"a DETSİS number", w.as("detsisNumber=00000005"), 0, []string{"mail: firma5@"}, nil},
		{"operators", w.as("o=Soran A.Ş."), 0, []string{"kepOperator:: "}, nil},
		{"words of titles", w.as("o=Öğütçü"), 0, []string{"mail: firma3@", "mail: firma4@"}, nil},
		{"at most one of two", w.as("-z", "1", "o=Öğütçü"), 4, []string{"mail: firma3@", "Size limit exceeded"}, []string{"firma4"}},
		{"an entry by its name", append(w.as("-s", "base"), "-b", "mail=firma3@hs90.kep.test, "+suffix), 0, []string{"mail: firma3@"}, nil},
		{"under an entry", append(w.as("-s", "one"), "-b", "mail=firma3@hs90.kep.test,"+suffix), 0, nil, []string{"dn:"}},
		{"the top", w.as("-s", "base"), 0, []string{"ou: rehber"}, nil},
		{"the server itself", []string{"-H", "ldap://" + w.start, "-s", "base", "-b", ""}, 0, []string{"namingContexts: " + suffix, "supportedExtension: 1.3.6.1.4.1.1466.20037"}, nil},
		{"the server itself, operational", []string{"-H", "ldap://" + w.start, "-s", "base", "-b", "", "+"}, 0, []string{"supportedLDAPVersion: 3"}, nil},
		{"somebody hidden", w.as("mail=kisi.no.1@hs90.kep.test"), 0, nil, []string{"dn:"}},
		{"nobody", w.as("mail=kisi.no.99@hs90.kep.test"), 0, nil, []string{"dn:"}},
		{"what is no address", w.as("mail=nobody"), 0, nil, []string{"dn:"}},
		{"what is no number", w.as("identityNumber=12345678901"), 0, nil, []string{"dn:"}},
		{"as Thunderbird asks", w.as("(|(mail=*nakliyat*)(cn=*nakliyat*)(givenName=*nakliyat*)(sn=*nakliyat*))"), 0, []string{"mail: firma4@"}, nil},
		{"as Thunderbird asks for two words", w.as("(&(|(displayName=*gıda*)(cn=*gıda*)(mail=*gıda*))(|(displayName=*öğütçü*)(cn=*öğütçü*)(mail=*öğütçü*)))"), 0, []string{"mail: firma3@"}, []string{"firma4"}},
		{"as Evolution asks for an address", w.as("(&(mail=*)(|(mail=firma4@hs90.kep.test*)(cn=firma4@hs90.kep.test*)))"), 0, []string{"mail: firma4@"}, nil},
		{"as mutt asks for an address", w.as("(|(cn=*firma4@hs90.kep.test*)(mail=*firma4@hs90.kep.test*))"), 0, []string{"mail: firma4@"}, nil},
		{"a part of a word", w.as("cn=*nakli*"), 0, nil, []string{"dn:"}},
		{"everybody", w.as("(objectClass=*)"), 50, nil, []string{"dn:"}},
		{"every person", w.as("(objectClass=inetOrgPerson)"), 50, nil, []string{"dn:"}},
		{"everybody with an address", w.as("(mail=*)"), 50, nil, []string{"dn:"}},
		{"everybody but one", w.as("(!(mail=firma4@hs90.kep.test))"), 53, nil, []string{"dn:"}},
		{"a range", w.as("(cn>=A)"), 53, nil, []string{"dn:"}},
		{"two at once", w.as("(|(mail=firma3@hs90.kep.test)(mail=firma4@hs90.kep.test))"), 53, nil, []string{"dn:"}},
		{"a part of a number", w.as("(mersisNumber=0000*)"), 53, nil, []string{"dn:"}},
		{"too few letters", w.as("o=Öğ"), 53, []string{"at least 3 letters"}, []string{"dn:"}},
		{"an extensible match", w.as("(cn:caseExactMatch:=Soran)"), 53, nil, []string{"dn:"}},
		{"another tree", append(w.as("mail=firma3@hs90.kep.test"), "-b", "dc=example,dc=com"), 32, nil, []string{"dn:"}},
		{"a paged search that is not critical", w.as("-E", "pr=10/noprompt", "o=Öğütçü"), 0, []string{"firma3"}, nil},
		{"one that is", w.as("-E", "!pr=10/noprompt", "o=Öğütçü"), 12, nil, []string{"dn:"}},
		{"before TLS", []string{"-H", "ldap://" + w.start, "-D", "firma2@hs90.kep.test", "-w", password, "-b", suffix, "mail=firma3@hs90.kep.test"}, 13, nil, []string{"dn:"}},
		{"without a log-in, before TLS", []string{"-H", "ldap://" + w.start, "-b", suffix, "mail=firma3@hs90.kep.test"}, 13, nil, []string{"dn:"}},
		{"without a log-in", []string{"-H", "ldaps://" + w.direct, "-b", suffix, "mail=firma3@hs90.kep.test"}, 50, nil, []string{"dn:"}},
		{"a name without a password", []string{"-H", "ldaps://" + w.direct, "-D", "firma2@hs90.kep.test", "-w", "", "-b", suffix, "mail=firma3@hs90.kep.test"}, 53, nil, []string{"dn:"}},
		{"a wrong password", []string{"-H", "ldaps://" + w.direct, "-D", "firma2@hs90.kep.test", "-w", "x", "-b", suffix}, 49, nil, []string{"dn:"}},
		{"an unknown user", []string{"-H", "ldaps://" + w.direct, "-D", "firma9@hs90.kep.test", "-w", password, "-b", suffix}, 49, nil, []string{"dn:"}},
		{"a user who is none", []string{"-H", "ldaps://" + w.direct, "-D", "cn=admin", "-w", password, "-b", suffix}, 49, nil, []string{"dn:"}},
	} {
		out, code := w.ldapsearch(t, c.args...)
		if code != c.code {
			t.Errorf("%s: code %d, want %d:\n%s", c.name, code, c.code, out)
			continue
		}
		for _, s := range c.want {
			if !strings.Contains(out, s) {
				t.Errorf("%s: no %q in\n%s", c.name, s, out)
			}
		}
		for _, s := range append(c.not, "p-0000") {
			if strings.Contains(out, s) {
				t.Errorf("%s: %q in\n%s", c.name, s, out)
			}
		}
	}
}

// What changes something is refused by its own answer, and what else there is works.
func TestWhatIsNotSpokenIsRefusedInItsOwnWords(t *testing.T) {
	w := serve(t, Limits{})
	run := func(want int, name string, args ...string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		c := exec.CommandContext(ctx, name, args...)
		c.Env = append(os.Environ(), "LDAPTLS_CACERT="+w.ca)
		out, err := c.CombinedOutput()
		if c.ProcessState == nil || c.ProcessState.ExitCode() != want {
			t.Errorf("%s %v: %v, want %d\n%s", name, args, err, want, out)
		}
	}
	as := []string{"-x", "-H", "ldaps://" + w.direct, "-D", "firma2@hs90.kep.test", "-w", password}
	entry := "mail=firma3@hs90.kep.test," + suffix
	run(0, "ldapwhoami", as...)
	run(53, "ldapdelete", append(as, entry)...)
	run(53, "ldapmodrdn", append(as, entry, "mail=x")...)
	run(6, "ldapcompare", append(as, entry, "mail:firma3@hs90.kep.test")...)
	run(6, "ldapcompare", append(as, entry, "cn:ÖĞÜTÇÜ GIDA SAN. VE TİC. LTD. ŞTİ.")...)
	run(5, "ldapcompare", append(as, entry, "mail:firma4@hs90.kep.test")...)
	run(16, "ldapcompare", append(as, entry, "telephoneNumber:1")...)
	run(32, "ldapcompare", append(as, "mail=kisi.no.1@hs90.kep.test,"+suffix, "mail:x")...)
	run(1, "ldapexop", append(as, "1.2.3.4")...) // protocolError
}

// A second ordinary client: Python's ldap3, which asks for the server's description,
// upgrades to TLS, logs in, searches, compares and goes.
func TestPythonsLdap3FindsWhatTheDirectoryShows(t *testing.T) {
	if out, err := exec.CommandContext(t.Context(), "/usr/bin/python3", "-c", "import ldap3").CombinedOutput(); err != nil {
		t.Fatalf("python3-ldap3 is not installed: %v: %s", err, out)
	}
	w := serve(t, Limits{})
	const script = `
import sys, ssl
from ldap3 import Server, Connection, Tls, ALL, SUBTREE, AUTO_BIND_TLS_BEFORE_BIND
ca, start, direct, password, suffix = sys.argv[1:]
tls = Tls(ca_certs_file=ca, validate=ssl.CERT_REQUIRED, valid_names=['localhost', '127.0.0.1'])
for url, how in (('ldap://' + start, AUTO_BIND_TLS_BEFORE_BIND), ('ldaps://' + direct, True)):
    server = Server(url, get_info=ALL, tls=tls)
    c = Connection(server, 'mail=firma2@hs90.kep.test,' + suffix, password, auto_bind=how)
    print(server.info.naming_contexts)
    c.search(suffix, '(&(objectClass=*)(cn=Öğütçü Nakliyat))', SUBTREE, attributes=['mail', 'cn', 'o'])
    for e in c.entries: print(e.entry_dn, e.mail.value, e.cn.value)
    c.search(suffix, '(cn=*)', SUBTREE)
    print(c.result['description'], len(c.entries))
    print(c.compare('mail=firma3@hs90.kep.test,' + suffix, 'mail', 'firma3@hs90.kep.test'))
    c.unbind()
`
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "/usr/bin/python3", "-c", script, w.ca, w.start, w.direct, password, suffix).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := strings.Repeat(fmt.Sprintf("['%s']\nmail=firma4@hs90.kep.test,%s firma4@hs90.kep.test Öğütçü Nakliyat A.Ş.\ninsufficientAccessRights 0\nTrue\n", suffix, suffix), 2)
	if string(out) != want {
		t.Errorf("got\n%s\nwant\n%s", out, want)
	}
}

// P-26: quotas hold at this door, and a fault tells nothing.
func TestQuotasAndFaultsHaveTheirCodes(t *testing.T) {
	w := serve(t, Limits{}, func(c *directory.Config) { c.Limits = directory.Limits{PerDay: 2} })
	for i, want := range []int{0, 0, 11} {
		if out, code := w.ldapsearch(t, w.as("mail=firma3@hs90.kep.test")...); code != want || strings.Contains(out, "dn:") != (want == 0) {
			t.Errorf("question %d: code %d\n%s", i, code, out)
		}
	}
	w.fail(errors.New("kisi.no.0@hs90.kep.test is unwell"))
	if out, code := w.ldapsearch(t, w.as("mail=firma3@hs90.kep.test")...); code != 52 || strings.Contains(out, "unwell") {
		t.Errorf("a fault: code %d\n%s", code, out)
	}
	w.fail(ErrLoggedOut)
	if out, code := w.ldapsearch(t, w.as("mail=firma3@hs90.kep.test")...); code != 50 {
		t.Errorf("logged out: code %d\n%s", code, out)
	}
	looks, err := w.LookedUp(t.Context(), directorytest.Account(3), 0, 10)
	if err != nil || len(looks) != 2 || looks[0].Door.Turkish != "adres defteri (LDAP)" || looks[0].Organisation.Text != "Soran A.Ş." {
		t.Errorf("%+v, %v", looks, err)
	}
}
