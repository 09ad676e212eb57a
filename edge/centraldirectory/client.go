package centraldirectory

import (
	"context"
	"errors"
	"fmt"

	"rem"
	"rem/edge/outward"
	"rem/person"
	"rem/provider/directory"
)

var _ directory.Central = (*Client)(nil)

// A Client is the central directory as we reach it. It may be used from many
// goroutines.
type Client struct {
	client   *outward.Client
	provider string
}

// maxAnswer bounds an answer, in octets: a page of a list has 256 records of up to
// some kilobytes.
const maxAnswer = 8 << 20

// New prepares a client for the provider's domain; it connects to nobody. The options
// name our own certificate: the central directory knows us by it.
func New(o outward.Options, provider string) (*Client, error) {
	switch {
	case provider == "":
		return nil, errors.New("preparing to tell the central directory: our domain is not said")
	case o.Certificate == nil:
		return nil, errors.New("preparing to tell the central directory: it knows us by our certificate, and there is none")
	}
	if o.Limit == 0 {
		o.Limit = maxAnswer
	}
	c, err := outward.NewClient(o)
	if err != nil {
		return nil, err
	}
	return &Client{c, provider}, nil
}

// Close gives idle connections up.
func (c *Client) Close() { c.client.Close() }

// The form of docs/formats/central-directory.md.
type (
	field struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	operator struct {
		Name  string `json:"name"`
		Title string `json:"title,omitempty"`
	}
	record struct {
		Account   string     `json:"account"`
		Number    uint64     `json:"number"`
		State     string     `json:"state"`
		Open      bool       `json:"open"`
		Kind      string     `json:"kind"`
		Fields    []field    `json:"fields"`
		Operators []operator `json:"operators,omitempty"`
	}
	putQuestion struct {
		Provider string `json:"provider"`
		Record   record `json:"record"`
	}
	putAnswer struct {
		Simulator string `json:"simulator"`
		Taken     bool   `json:"taken"`
	}
	findQuestion struct {
		Provider string `json:"provider"`
		Key      string `json:"key"`
		Value    string `json:"value"`
		Number   string `json:"number,omitempty"`
	}
	entry struct {
		Kind      string     `json:"kind"`
		Fields    []field    `json:"fields"`
		Operators []operator `json:"operators,omitempty"`
	}
	findAnswer struct {
		Simulator string  `json:"simulator"`
		Entries   []entry `json:"entries"`
	}
	listQuestion struct {
		Provider string `json:"provider"`
		After    string `json:"after"`
		Limit    int    `json:"limit"`
	}
	listAnswer struct {
		Simulator string   `json:"simulator"`
		Records   []record `json:"records"`
	}
)

// fault tells the directory's errors from outward's. Its text holds no value.
func fault(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, outward.ErrAway):
		return fmt.Errorf("%w: %w", directory.ErrAway, err)
	case errors.Is(err, outward.ErrRefused):
		return fmt.Errorf("%w: %w", directory.ErrRefused, err)
	}
	return err
}

func garbage(what string) error { return fmt.Errorf("%w: %s", outward.ErrGarbage, what) }

// Put implements directory.Central.
func (c *Client) Put(ctx context.Context, key string, r directory.Record) error {
	q := putQuestion{c.provider, record{Account: string(r.Account), Number: r.Number, State: string(r.State), Open: r.Open, Kind: string(r.Kind)}}
	for _, v := range r.Values {
		q.Record.Fields = append(q.Record.Fields, field{string(v.Field), v.Text})
	}
	for _, o := range r.Operators {
		q.Record.Operators = append(q.Record.Operators, operator{o.Name, o.Title})
	}
	var a putAnswer
	if _, err := c.client.Ask(ctx, "v1/record", key, q, &a); err != nil {
		return fault(err)
	}
	if !a.Taken {
		return garbage("it does not say that the record was taken")
	}
	return nil
}

// maxFound bounds the entries of one answer that are looked at: more than any asker
// is shown.
const maxFound = 100

// Find implements directory.Central.
func (c *Client) Find(ctx context.Context, key string, q directory.Question) ([]directory.Result, error) {
	value, number := q.Reveal()
	var a findAnswer
	if _, err := c.client.Ask(ctx, "v1/find", key, findQuestion{c.provider, string(q.Key()), value, number}, &a); err != nil {
		return nil, fault(err)
	}
	if len(a.Entries) > maxFound {
		return nil, garbage("more entries than were to be found")
	}
	list := make([]directory.Result, len(a.Entries))
	for i, e := range a.Entries {
		r := &list[i]
		r.Kind, r.Central = person.Kind(e.Kind), true
		if !r.Kind.Valid() {
			return nil, garbage("an entry of no kind")
		}
		for _, f := range e.Fields {
			row, known := directory.RowOf(r.Kind, directory.Field(f.Name))
			if !known || f.Value == "" {
				return nil, garbage("a field that its kind does not have")
			}
			if row.Hidden {
				continue // it is not for askers, whoever gives it
			}
			if row.Field == directory.Address {
				address, err := rem.ParseAddress(f.Value)
				if err != nil {
					return nil, garbage("an address that is none")
				}
				r.Address = address
				f.Value = address.String()
			}
			r.Values = append(r.Values, directory.Value{Field: row.Field, Text: f.Value})
		}
		if r.Address.IsZero() {
			return nil, garbage("an entry without its address")
		}
		for _, o := range e.Operators {
			r.Operators = append(r.Operators, directory.ListedOperator{Name: o.Name, Title: o.Title})
		}
	}
	return list, nil
}

// List implements directory.Central.
func (c *Client) List(ctx context.Context, key string, after rem.AccountID, limit int) ([]directory.Record, error) {
	var a listAnswer
	if _, err := c.client.Ask(ctx, "v1/list", key, listQuestion{c.provider, string(after), limit}, &a); err != nil {
		return nil, fault(err)
	}
	if len(a.Records) > limit {
		return nil, garbage("more records than were asked for")
	}
	list := make([]directory.Record, len(a.Records))
	for i, r := range a.Records {
		list[i] = directory.Record{Account: rem.AccountID(r.Account), Number: r.Number, State: directory.State(r.State), Open: r.Open, Kind: person.Kind(r.Kind)}
		for _, f := range r.Fields {
			list[i].Values = append(list[i].Values, directory.Value{Field: directory.Field(f.Name), Text: f.Value})
		}
		for _, o := range r.Operators {
			list[i].Operators = append(list[i].Operators, directory.ListedOperator{Name: o.Name, Title: o.Title})
		}
	}
	return list, nil
}
