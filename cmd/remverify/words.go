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
}
