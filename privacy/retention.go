package privacy

import (
	"fmt"
	"strings"

	"rem"
)

// A ClockID names the event that starts a retention period.
type ClockID string

// The events.
const (
	OfAct         ClockID = "act"
	OfClosing     ClockID = "account-closed"
	OfReplacement ClockID = "replaced"
	OfStep        ClockID = "step-done"
	OfSubmission  ClockID = "submitted"
	OfLine        ClockID = "line-written"
	OfAnswer      ClockID = "answered"
	OfHandover    ClockID = "handed-over"
	OfDecision    ClockID = "application-ended"
	OfWithdrawal  ClockID = "no-longer-published"
	OfLeaving     ClockID = "left-service"
)

// ClockNames are the events as people read them.
var ClockNames = map[ClockID]rem.Text{
	OfAct:         {Turkish: "işlemin yapılması", English: "the act"},
	OfClosing:     {Turkish: "hesabın kapanması", English: "closing of the account"},
	OfReplacement: {Turkish: "değerin değişmesi veya hesabın kapanması", English: "replacement of the value, or closing of the account"},
	OfStep:        {Turkish: "işin bitmesi", English: "the end of the work"},
	OfSubmission:  {Turkish: "gönderim", English: "submission"},
	OfLine:        {Turkish: "günlük satırının yazılması", English: "the writing of the log line"},
	OfAnswer:      {Turkish: "yanıtın verilmesi", English: "the answer"},
	OfHandover:    {Turkish: "karşı tarafa aktarım", English: "handing over"},
	OfDecision:    {Turkish: "başvurunun sonuçlanması", English: "the end of the application"},
	OfWithdrawal:  {Turkish: "yayımlamanın sona ermesi: rızanın geri alınması, değişiklik veya hesabın kapanması", English: "the end of publication: withdrawal, a change, or closing of the account"},
	OfLeaving:     {Turkish: "görevden ayrılma", English: "leaving the service"},
}

// A Length is how long something is kept after its clock started. The zero
// Length is none given; [AtOnce] is one that ends when it begins.
type Length struct {
	Years, Months, Days int
	atOnce              bool
}

// AtOnce is the length of what goes when its clock starts.
var AtOnce = Length{atOnce: true}

// Given reports whether there is a length at all.
func (l Length) Given() bool { return l != Length{} }

// approximate orders lengths; it counts no calendar.
func (l Length) approximate() int { return l.Years*366 + l.Months*31 + l.Days }

// Longer reports whether l ends later than other, for the same start.
func (l Length) Longer(other Length) bool { return l.approximate() > other.approximate() }

// Text gives the length for people.
func (l Length) Text() rem.Text {
	if !l.Given() {
		return rem.Text{Turkish: "yok", English: "none"}
	}
	if l.atOnce {
		return rem.Text{Turkish: "hemen", English: "at once"}
	}
	var tr, en []string
	for _, part := range []struct {
		n      int
		tr, en string
	}{{l.Years, "yıl", "years"}, {l.Months, "ay", "months"}, {l.Days, "gün", "days"}} {
		if part.n != 0 {
			tr = append(tr, fmt.Sprintf("%d %s", part.n, part.tr))
			en = append(en, fmt.Sprintf("%d %s", part.n, part.en))
		}
	}
	return rem.Text{Turkish: strings.Join(tr, " "), English: strings.Join(en, " ")}
}

// ISO gives the length as a duration of ISO 8601, PT0S for at once.
func (l Length) ISO() string {
	if l.atOnce || !l.Given() {
		return "PT0S"
	}
	var b strings.Builder
	b.WriteString("P")
	for _, part := range []struct {
		n    int
		unit string
	}{{l.Years, "Y"}, {l.Months, "M"}, {l.Days, "D"}} {
		if part.n != 0 {
			fmt.Fprintf(&b, "%d%s", part.n, part.unit)
		}
	}
	return b.String()
}

// The lengths that the law and the notice give.
const (
	// RecordYears is how long records of registered mail are kept at least,
	// S43, REQ-85.
	RecordYears = 20
	// DestructionMonths is the longest pause between two periodic destructions,
	// REQ-88.
	DestructionMonths = 6
	// LogMonths bounds the operational log; it is a choice of ours (P-27).
	LogMonths = 6
	// ApplicationYears is how long an application is kept that became no account;
	// it is a choice of ours, for questions and complaints about it.
	ApplicationYears = 2
	// LoginYears is how long somebody sees back who logged in as him; it is a
	// choice of ours.
	LoginYears = 2
)

// A RetentionID names a retention rule.
type RetentionID string

// The rules.
const (
	KeepRecord      RetentionID = "kep-record"
	KeepAccount     RetentionID = "account-record"
	KeepContent     RetentionID = "content"
	KeepSecret      RetentionID = "secret"
	KeepWork        RetentionID = "work"
	KeepFingerprint RetentionID = "fingerprint"
	KeepLog         RetentionID = "log"
	KeepAnswer      RetentionID = "answer"
	KeepHandover    RetentionID = "handover"
	KeepApplication RetentionID = "application"
	KeepPublished   RetentionID = "published"
	KeepStaff       RetentionID = "staff"
	KeepLogins      RetentionID = "login-history"
)

// A Retention says how long something is kept at least and at most, from when,
// and whether the program sees to it.
type Retention struct {
	ID    RetentionID
	Name  rem.Text
	Clock ClockID
	// Floor is before which nothing is destroyed; the zero Length: there is none.
	Floor Length
	// Ceiling is after which nothing is left. It is always given.
	Ceiling Length
	// Basis says where the two come from.
	Basis rem.Text
	// Enforced says who sees to it today, and what is missing.
	Enforced rem.Text
}

// Retentions returns the closed list.
func Retentions() []Retention {
	text := func(tr, en string) rem.Text { return rem.Text{Turkish: tr, English: en} }
	record := Length{Years: RecordYears, Months: DestructionMonths}
	nothing := text("erken silme yolu yok; süre sonunda imha henüz yapılmıyor", "nothing can be deleted early; destruction at the end is not built yet")
	law := text("kayıtların en az yirmi yıl saklanması (S43, REQ-85); ilk periyodik imhada silinir", "records are kept for twenty years at least (S43, REQ-85); the next periodic destruction ends it")
	return []Retention{
		{KeepRecord, text("KEP işlem kaydı", "Record of registered mail"), OfAct, Length{Years: RecordYears}, record, law, nothing},
		{KeepAccount, text("Hesap kaydı", "Record of an account"), OfClosing, Length{Years: RecordYears}, record, law, nothing},
		{KeepContent, text("İleti içeriği", "Content of messages"), OfClosing, Length{}, Length{Months: DestructionMonths},
			text("içerik bir kullanıcı hizmetidir (REQ-87); kaydı özet ve delillerle sürer", "content is a service to its holder (REQ-87); digest and evidence go on as the record"),
			text("içerik bugün kayıttan ayrı silinemiyor; imha henüz yapılmıyor", "content cannot be destroyed apart from its record today; destruction is not built yet")},
		{KeepSecret, text("Parola özeti ve diğer giriş bilgileri", "Password hash and other credentials"), OfReplacement, Length{}, AtOnce,
			text("amaç bitince saklanmaz (KVKK 4, 7)", "not kept beyond its purpose (KVKK 4, 7)"),
			text("dizinden hemen silinir; eski özetler işlem günlüğünde kalıyor", "gone from the index at once; the journal still holds old hashes")},
		{KeepWork, text("Süren iş", "Work under way"), OfStep, Length{}, AtOnce,
			text("iş bitince gerek kalmaz (KVKK 4)", "not needed when the work is done (KVKK 4)"), text("program siler", "the program deletes it")},
		{KeepFingerprint, text("Tekrar koruması", "Protection from repetition"), OfSubmission, Length{}, Length{Days: 8},
			text("aynı gönderimi tanımak için iki gün yeter; kalanı temizlik payıdır", "two days are enough to know the same submission again; the rest is the sweep's slack"),
			text("program siler; yeni gönderim gelmezse beklenir", "the program deletes it, as further submissions come in")},
		{KeepLog, text("Günlük satırı", "Log line"), OfLine, Length{}, Length{Months: LogMonths},
			text("bizim seçimimiz; kimliği belirten bir alan içermeyen olay satırları (P-27)", "our choice, for lines of events without free text of persons (P-27)"),
			text("program satırı standart hata çıkışına yazar; süreyi işletenin günlük ayarı uygular", "the program writes to standard error; the operator's log rotation keeps the term")},
		{KeepAnswer, text("Yanıt", "Answer"), OfAnswer, Length{}, AtOnce,
			text("yanıt saklanmaz", "an answer is not kept"), text("program saklamaz", "the program keeps nothing")},
		{KeepHandover, text("Aktarım", "Handing over"), OfHandover, Length{}, AtOnce,
			text("kaydı bizde ayrıca işlem kaydıdır; karşı taraf kendi sürelerini uygular", "our record of it is a record of registered mail; the other side has its own terms"),
			text("aktarımın kendisi saklanmaz", "the transfer itself is not kept")},
		{KeepApplication, text("Hesaba dönüşmeyen başvuru", "Application that became no account"), OfDecision, Length{}, Length{Years: ApplicationYears, Months: DestructionMonths},
			text("bizim seçimimiz: itiraz ve şikâyetler için iki yıl; hesaba dönüşen başvuru hesap kaydına geçer", "our choice: two years, for objections and complaints; an application that becomes an account goes into its record"),
			text("anahtarı yok edilerek silinebilir; süre sonunda imha henüz yapılmıyor", "can be erased by destroying its key; destruction at the end is not built yet")},
		{KeepPublished, text("Rehberde yayımlanan", "What the directory publishes"), OfWithdrawal, Length{}, AtOnce,
			text("yayımlama rızaya veya hesabın açık olmasına dayanır; bitince gerek kalmaz (KVKK 4, 7)", "publication rests on consent or on the account being open; not kept beyond it (KVKK 4, 7)"),
			text("program aynı adımda siler", "the program deletes it in the same step")},
		{KeepStaff, text("Personel kaydı", "Record of staff"), OfLeaving, Length{Years: RecordYears}, record,
			text("KEP kayıtlarında işlemi yapan kişi anılır; kayıtlar durdukça kim olduğu bilinmelidir (REQ-85)", "records of registered mail name who acted; as long as they are kept it has to be known who that is (REQ-85)"),
			text("adlar anahtarı yok edilerek silinebilir; süre sonunda imha henüz yapılmıyor", "names can be erased by destroying their key; destruction at the end is not built yet")},
		{KeepLogins, text("Giriş geçmişi", "History of log-ins"), OfAct, Length{}, Length{Years: LoginYears},
			text("bizim seçimimiz: kişi, hesabına kimin girdiğini iki yıl geriye doğru görebilsin", "our choice: so that a person can see for two years back who logged in"),
			text("program süpürürken siler; en çok beş yüz kayıt tutulur", "the program deletes it as it sweeps; five hundred entries are kept at most")},
	}
}
