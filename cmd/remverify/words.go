package main

import "rem"

// words are those that this program has beside the words of package verification.
var words = map[string]rem.Text{
	"no anchors":                        {Turkish: "Güven çapası verilmedi: imzaların kime ait olduğu bilinemez. --trust ile kök sertifikaları verin.", English: "No trust anchors were given: nobody can say whose signatures these are. Give root certificates with --trust."},
	"consent receipt":                   {Turkish: "Açık rıza makbuzu", English: "Receipt of consent"},
	"provider":                          {Turkish: "sağlayıcı", English: "provider"},
	"person":                            {Turkish: "ilgili kişi", English: "person concerned"},
	"purpose":                           {Turkish: "amaç", English: "purpose"},
	"choice":                            {Turkish: "seçim", English: "choice"},
	"channel":                           {Turkish: "kanal", English: "channel"},
	"text shown":                        {Turkish: "gösterilen metin", English: "text that was shown"},
	"notice":                            {Turkish: "bildirim", English: "notice"},
	"signer may speak for the provider": {Turkish: "imzalayan sağlayıcı adına imzalayabilir", English: "signer may speak for the provider"},
	"export":                            {Turkish: "Dışa aktarım", English: "Export"},
	"made":                              {Turkish: "hazırlanma", English: "made"},
	"messages":                          {Turkish: "ileti", English: "messages"},
	"evidences":                         {Turkish: "delil", English: "evidences"},
	"originals":                         {Turkish: "orijinal", English: "originals"},
	"left out":                          {Turkish: "içeriği konmamış", English: "left out"},
	"unopened":                          {Turkish: "içeriği konmamış: açılmamıştı", English: "content left out: nobody had opened it"},
	"sent":                              {Turkish: "giden", English: "sent"},
	"received":                          {Turkish: "gelen", English: "received"},
	"stamped":                           {Turkish: "Kanıt listesinin zaman damgası doğrulandı.", English: "The time stamp of the proof list holds."},
	"not stamped":                       {Turkish: "Kanıt listesinde zaman damgası yok: dosyaların eksiksiz olduğu yalnız listeye göredir.", English: "The proof list has no time stamp: that the files are complete is true of this list alone."},
	"conflicting":                       {Turkish: "diğer delillerle çelişiyor", English: "conflicts with other evidence"},
	"recipient's number":                {Turkish: "alıcı no", English: "recipient"},
}
