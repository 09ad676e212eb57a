package api

import (
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"rem/person/token"
)

// asked and answered are the bodies of the directory's two questions, for their
// description; api.go reads and writes them.
type (
	askedQuery struct {
		By    string `json:"by" enum:"address,title,mersis,tax,detsis,identity"`
		Value string `json:"value" doc:"Tam yazılışıyla / written exactly"`
		Use   string `json:"use,omitempty" enum:"sending,verifying"`
	}
	answeredQuery struct {
		Outcome string   `json:"outcome"`
		Text    string   `json:"text"`
		TextEN  string   `json:"textEN"`
		Partial bool     `json:"partial"`
		Results []result `json:"results"`
	}
	askedCheck struct {
		Addresses []string `json:"addresses" maxItems:"1000"`
		Use       string   `json:"use,omitempty" enum:"sending,verifying"`
	}
	addressStatus struct {
		Address string `json:"address"`
		Status  string `json:"status"`
		Text    string `json:"text"`
		TextEN  string `json:"textEN"`
	}
	answeredCheck struct {
		Results []addressStatus `json:"results"`
	}
)

// directory describes the two questions to the directory. They have their own
// handlers, which take application passwords too.
func (p *programs) directory() {
	const tag = "Rehber / directory"
	describe := func(path, id, tr, en string, in, out reflect.Type) {
		op := on(http.MethodPost, path, id, token.Directory, tag, tr, en)
		schemas := p.api.OpenAPI().Components.Schemas
		op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: schemas.Schema(in, true, "")}}}
		op.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{"application/json": {Schema: schemas.Schema(out, true, "")}}}}
		p.api.OpenAPI().AddOperation(&op)
	}
	describe("directory/query", "queryDirectory", "Rehberde tam bir bilgiyle arar; sorgular kaydedilir ve ilgili kişiye gösterilir", "Asks the directory by one exact thing; questions are recorded and shown to whom they found",
		reflect.TypeFor[askedQuery](), reflect.TypeFor[answeredQuery]())
	describe("directory/check", "checkDirectory", "Adresleri topluca denetler", "Checks addresses in a batch", reflect.TypeFor[askedCheck](), reflect.TypeFor[answeredCheck]())
}
