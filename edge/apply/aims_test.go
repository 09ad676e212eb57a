package apply_test

import (
	"strings"
	"testing"

	"rem"
	"rem/person/application"
)

// REQ-44: who cannot log in begins here. Nothing that he is told depends on whether
// he has an account, and no address is asked for.
func TestWhoCannotLogInIsIdentifiedAnew(t *testing.T) {
	w := newWorld(t)
	v := w.visitor(t)
	v.get("/apply/lost")
	v.at("/apply/lost", 200)
	v.says("Giriş yapamıyorum", "ikinci bir görevli onaylar", "Aydınlatma bildirimi")
	v.post("/apply/lost", "notice", strings.Repeat("0", 64))
	v.says("yeni bir sürümü yürürlüğe girdi")
	v.post("/apply/lost", v.hidden()...)
	v.says("Başvuru anahtarınız")
	v.get("/apply/form/account")
	v.at("/apply/form/account", 404)
	in := natural()
	for _, step := range []struct {
		path  string
		names []string
	}{
		{"who", []string{"identity-number", "given-names", "family-name", "birth-date"}},
		{"home", nil},
		{"contact", []string{"mobile", "mail-address"}},
	} {
		fields := []string{"then", "on"}
		for _, n := range step.names {
			fields = append(fields, n, in[n])
		}
		v.post("/apply/form/"+step.path, fields...)
	}
	v.at("/apply/check", 200)
	v.says("Başvuruyu gönder")
	if strings.Contains(v.page, "accept-contract") {
		t.Error("a contract is asked for")
	}
	v.post("/apply/check")
	v.at("/apply/method", 200)
	v.get("/apply/status")
	v.says("Kaybedilen giriş bilgilerini yenilemek")
	id := w.id(t, application.Submitted)
	if got := must(w.ledger.Application(t.Context(), id))(t); got.Aim != application.ToReturn || got.Submitted.Address != (rem.Address{}) {
		t.Errorf("%s, %s", got.Aim, got.Submitted.Address)
	}
}

func TestAnInvitationThatIsNoneOpensNothing(t *testing.T) {
	w := newWorld(t)
	v := w.visitor(t)
	v.get("/apply/invited?s=" + strings.Repeat("A", 43))
	v.says("Bağlantı geçersiz")
	v.post("/apply/invited", "secret", strings.Repeat("A", 43), "notice", "x")
	v.says("Bağlantı geçersiz")
}
