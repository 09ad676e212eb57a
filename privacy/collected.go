package privacy

import "rem"

// A CollectedID names one of the kinds of data that the notice says may be
// collected, which it calls "not private". All of them are personal data (S16).
type CollectedID string

// The eight kinds of S18.
const (
	DeviceIdentifiers CollectedID = "device-identifiers"
	DevicePlatform    CollectedID = "device-platform"
	GeographicPlace   CollectedID = "geographic-place"
	MailAddresses     CollectedID = "mail-addresses"
	Perception        CollectedID = "perception"
	OperatingSystem   CollectedID = "operating-system"
	NetworkAddresses  CollectedID = "network-addresses"
	OtherQuestions    CollectedID = "other-questions"
)

// A Collected says of one of them whether it is collected.
type Collected struct {
	ID   CollectedID
	Name rem.Text
	// Yes: some datum of the register is of this kind, with its purposes. Not
	// Yes: none is (S18).
	Yes bool
}

// CollectedKinds returns the eight kinds, in the notice's order.
func CollectedKinds() []Collected {
	text := func(tr, en string) rem.Text { return rem.Text{Turkish: tr, English: en} }
	return []Collected{
		{DeviceIdentifiers, text("Cihaz tanımlayıcıları", "Device identifiers"), true},
		{DevicePlatform, text("Cihaz platformu ve donanımı", "Device platform and equipment"), false},
		{GeographicPlace, text("Posta kodu, bölge, konum", "Postal code, region, position"), true},
		{MailAddresses, text("Elektronik posta adresleri", "Mail addresses"), true},
		{Perception, text("Kullanıcı algısı, dolaylı bilgiler", "Perception and indirect information"), false},
		{OperatingSystem, text("İşletim sistemi türü", "Kind of operating system"), true},
		{NetworkAddresses, text("IP adresi, internet servis sağlayıcısı", "Network address and provider"), true},
		{OtherQuestions, text("Sorulan diğer bilgiler", "Answers to further questions"), false},
	}
}
