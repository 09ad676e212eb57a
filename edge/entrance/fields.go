package entrance

import "rem/edge/web"

// Name asks for the address of the account.
func (e entry) Name() web.Field {
	return e.Form.Field(web.Field{
		Name: "name", Label: text("KEP adresi", "Registered address"), Type: web.TextInput, Mode: "email", Auto: "username", Max: 260,
		Help: text("Örneğin ad.soyad@hs90.kep.tr. Size ayrı bir giriş adı verildiyse onu yazın.", "Such as name.surname@hs90.kep.tr. If you were given a log-in name of your own, type that."),
	})
}

// Secret asks for the password.
func (e entry) Secret() web.Field {
	return e.Form.Field(web.Field{Name: "password", Label: text("Parola", "Password"), Type: web.PasswordInput, Auto: "current-password"})
}

// Code asks for the one-time code.
func (s second) Code() web.Field { return code(s.Form) }

func code(f *web.Form) web.Field {
	return f.Field(web.Field{
		Name: "code", Label: text("Kod", "Code"), Help: text("6 rakam.", "6 digits."), Mode: "numeric", Auto: "one-time-code", Short: true, Max: 8,
	})
}

// Signature asks for the file of a signature.
func (c challenge) Signature() web.Field {
	return c.Form.Field(web.Field{
		Name: "signature", Label: text("İmza dosyası", "Signature"), Type: web.FileInput, Accept: ".p7s,.p7m,.sig",
		Help: text("Metnin ayrık CAdES imzası (.p7s), en çok 64 KB.", "A detached CAdES signature over the text (.p7s), at most 64 KB."),
	})
}

// Grant asks for the one-time key.
func (g grant) Grant() web.Field {
	return g.Form.Field(web.Field{Name: "grant", Label: text("Tek kullanımlık anahtar", "One-time key"), Max: 128})
}

// Code asks for the code of an app or of a phone that is confirmed.
func (w ways) Code() web.Field { return code(w.Form) }

// New asks for a new password.
func (w ways) New() web.Field {
	return w.Form.Field(web.Field{
		Name: "password", Label: text("Yeni parola", "New password"), Type: web.PasswordInput, Auto: "new-password",
		Help: text("En az 12 karakter; adınızı ve adresinizi içermesin, bilinen bir parola olmasın.", "At least 12 characters; without your name and address, and not a well-known one."),
	})
}

// Again asks for it once more.
func (w ways) Again() web.Field {
	return w.Form.Field(web.Field{Name: "again", Label: text("Yeni parola, yeniden", "New password, again"), Type: web.PasswordInput, Auto: "new-password"})
}

// Passkeys are those that there are.
func (w ways) Passkeys() web.Table {
	t := web.Table{
		Caption: text("Geçiş anahtarları", "Passkeys"),
		Columns: []web.Column{{Head: text("Ad", "Name")}, {Head: text("Eklendi", "Added")}, {Head: text("Son kullanım", "Last used")}},
		Empty:   text("Henüz bir geçiş anahtarınız yok.", "You have no passkey yet."),
	}
	for _, k := range w.Factors.Passkeys {
		t.Rows = append(t.Rows, []web.Cell{{Text: k.Name}, {Time: k.Made}, {Time: k.Used}})
	}
	return t
}

// Removals are the buttons that take a passkey away: not the last one.
func (w ways) Removals() (list []web.Action) {
	if len(w.Factors.Passkeys) < 2 {
		return nil
	}
	for _, k := range w.Factors.Passkeys {
		list = append(list, web.Action{
			Path: "/security/passkey/remove", Button: text("Kaldır", "Remove"), About: k.Name, Tone: web.Bad,
			Hidden: []web.Hidden{{Name: "passkey", Value: hexOf(k.Credential)}},
		})
	}
	return list
}

// Standing says which ways there are.
func (w ways) Standing() []web.Fact {
	is := func(b bool) web.Cell {
		if b {
			return web.Cell{Say: text("var", "set"), Badge: true, Tone: web.Good}
		}
		return web.Cell{Say: text("yok", "not set"), Badge: true}
	}
	facts := []web.Fact{{Term: text("Geçiş anahtarı", "Passkey"), Value: is(len(w.Factors.Passkeys) > 0)}}
	if w.Passwords {
		facts = append(facts,
			web.Fact{Term: text("Parola", "Password"), Value: is(w.Factors.Password)},
			web.Fact{Term: text("Doğrulama uygulaması", "Authenticator app"), Value: is(w.Factors.TOTP)},
			web.Fact{Term: text("SMS ile kod", "Codes by SMS"), Value: is(w.Factors.SMS)})
	}
	return append(facts, web.Fact{Term: text("E-imza ile giriş", "Log-in by signing"), Value: is(w.Factors.Signature)})
}

// Name asks what a new passkey is to be called.
func (k passkey) Name() web.Field {
	return k.Form.Field(web.Field{
		Name: "name", Label: text("Adı", "Name"), Optional: true, Max: 60,
		Help: text("Hangi cihaz olduğunu sonra da bilmeniz için; örneğin “telefonum”.", "So that you know later which device it is; such as “my phone”."),
	})
}
