package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"

	"rem"
	"rem/message"
	"rem/person/account"
)

// A Client asks a running provider through its socket. It may be used from
// many goroutines.
type Client struct {
	http   *http.Client
	person string
	folder string
}

// Dial makes a client for the provider whose data folder it is. person is the
// natural person who asks.
func Dial(folder, person string) *Client {
	path := filepath.Join(folder, Socket)
	return &Client{
		person: person, folder: folder,
		http: &http.Client{Transport: &http.Transport{
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				var d net.Dialer
				return d.DialContext(ctx, "unix", path)
			},
		}},
	}
}

// An Error is an answer that is no success.
type Error struct {
	Status int
	Text   string
}

// Error gives the provider's text.
func (e *Error) Error() string { return e.Text }

func (c *Client) do(ctx context.Context, method, path string, body any, user, password string) (*http.Response, error) {
	var in io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("writing the request: %w", err)
		}
		in = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://provider"+path, in)
	if err != nil {
		return nil, fmt.Errorf("making the request: %w", err)
	}
	req.Header.Set(PersonHeader, c.person)
	if user != "" {
		req.SetBasicAuth(user, password)
	}
	res, err := c.http.Do(req)
	if err != nil {
		if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
			return nil, fmt.Errorf("no provider answers in %s: start it with remd serve, or name its data folder with --data (%w)", c.folder, op.Err)
		}
		return nil, fmt.Errorf("asking the provider: %w", err)
	}
	if res.StatusCode/100 != 2 {
		defer res.Body.Close()
		text, _ := io.ReadAll(io.LimitReader(res.Body, maxRequest))
		return nil, &Error{res.StatusCode, strings.TrimSpace(string(text))}
	}
	return res, nil
}

func ask[T any](ctx context.Context, c *Client, method, path string, body any) (v T, err error) {
	return askAs[T](ctx, c, method, path, body, "", "")
}

func askAs[T any](ctx context.Context, c *Client, method, path string, body any, user, password string) (v T, err error) {
	res, err := c.do(ctx, method, path, body, user, password)
	if err != nil {
		return v, err
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&v); err != nil {
		return v, fmt.Errorf("reading the answer: %w", err)
	}
	return v, nil
}

// AddAccount opens an account.
func (c *Client) AddAccount(ctx context.Context, a NewAccount) (rem.AccountID, error) {
	v, err := ask[map[string]rem.AccountID](ctx, c, "POST", "/accounts", a)
	return v["id"], err
}

// SetPassword gives the account's operator an application password.
func (c *Client) SetPassword(ctx context.Context, address, password string) error {
	_, err := ask[struct{}](ctx, c, "PUT", "/accounts/"+url.PathEscape(address)+"/password", map[string]string{"password": password})
	return err
}

// SetState moves an account to a state, for a reason of account.Reasons; "" is
// the holder's request.
func (c *Client) SetState(ctx context.Context, address string, s account.State, reason account.Reason) error {
	_, err := ask[struct{}](ctx, c, "PUT", "/accounts/"+url.PathEscape(address)+"/state", map[string]string{"state": string(s), "reason": string(reason)})
	return err
}

// AccountNames opens the names of an account's people for a case.
func (c *Client) AccountNames(ctx context.Context, address, matter string) (*AccountNames, error) {
	return ask[*AccountNames](ctx, c, "POST", "/accounts/"+url.PathEscape(address)+"/names", map[string]string{"case": matter})
}

// Accounts lists accounts after one.
func (c *Client) Accounts(ctx context.Context, after rem.AccountID) ([]Account, error) {
	return ask[[]Account](ctx, c, "GET", "/accounts?after="+url.QueryEscape(string(after)), nil)
}

// Timeline returns what is known of a message.
func (c *Client) Timeline(ctx context.Context, id rem.MessageID) (*Timeline, error) {
	return ask[*Timeline](ctx, c, "GET", "/messages/"+url.PathEscape(string(id)), nil)
}

// Sent returns the timelines of what an address sent, the newest first, at most
// limit of them; 0 is all.
func (c *Client) Sent(ctx context.Context, address string, limit int) (all []Timeline, err error) {
	for before := rem.MessageID(""); ; {
		n := listed
		if limit > 0 {
			n = min(n, limit-len(all))
		}
		page, err := ask[[]Timeline](ctx, c, "GET", fmt.Sprintf("/accounts/%s/sent?limit=%d&after=%s", url.PathEscape(address), n, url.QueryEscape(string(before))), nil)
		if err != nil {
			return nil, err
		}
		if all = append(all, page...); len(page) < n || len(all) == limit {
			return all, nil
		}
		before = page[len(page)-1].Message
	}
}

// Mailbox lists a whole mailbox as the person whose password it is, the oldest
// first.
func (c *Client) Mailbox(ctx context.Context, address, password string) (all []Entry, err error) {
	for after := int64(0); ; {
		page, err := askAs[[]Entry](ctx, c, "GET", fmt.Sprintf("/mailbox?limit=%d&after=%d", listed, after), nil, address, password)
		if err != nil {
			return nil, err
		}
		if all = append(all, page...); len(page) < listed {
			return all, nil
		}
		after = page[len(page)-1].UID
	}
}

// Queue lists what waits for a stage.
func (c *Client) Queue(ctx context.Context, stage string, limit int) ([]message.Task, error) {
	return ask[[]message.Task](ctx, c, "GET", fmt.Sprintf("/queue/%s?limit=%d", url.PathEscape(stage), limit), nil)
}

// TrustList returns the list in force.
func (c *Client) TrustList(ctx context.Context) (*TrustList, error) {
	return ask[*TrustList](ctx, c, "GET", "/trustlist", nil)
}

// Evidence returns the XML of one evidence, byte for byte.
func (c *Client) Evidence(ctx context.Context, id rem.EvidenceID) ([]byte, error) {
	res, err := c.do(ctx, "GET", "/evidence/"+url.PathEscape(string(id)), nil, "", "")
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, fmt.Errorf("reading evidence %s: %w", id, err)
	}
	return b, nil
}

// PublishNotice publishes a version of the privacy notice.
func (c *Client) PublishNotice(ctx context.Context, source string) (*Notice, error) {
	return ask[*Notice](ctx, c, "POST", "/notices", map[string]string{"source": source})
}

// PublishDocument publishes a version of another document.
func (c *Client) PublishDocument(ctx context.Context, source string) (*Document, error) {
	return ask[*Document](ctx, c, "POST", "/documents", map[string]string{"source": source})
}

// Documents lists the published versions of the other documents.
func (c *Client) Documents(ctx context.Context) ([]Document, error) {
	return ask[[]Document](ctx, c, "GET", "/documents", nil)
}

// Notices lists the published versions.
func (c *Client) Notices(ctx context.Context) ([]Notice, error) {
	return ask[[]Notice](ctx, c, "GET", "/notices", nil)
}

// Dispatch writes a dispatch, byte for byte, as the person whose password it is.
func (c *Client) Dispatch(ctx context.Context, address, password string, id rem.MessageID, to io.Writer) error {
	return c.copy(ctx, "POST", "/messages/"+url.PathEscape(string(id))+"/dispatch", address, password, to)
}

// Open opens a message as the person whose password it is, and writes it.
func (c *Client) Open(ctx context.Context, address, password string, uid int64, to io.Writer) error {
	return c.copy(ctx, "POST", fmt.Sprintf("/mailbox/%d/open", uid), address, password, to)
}

func (c *Client) copy(ctx context.Context, method, path, user, password string, to io.Writer) error {
	res, err := c.do(ctx, method, path, nil, user, password)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := io.Copy(to, res.Body); err != nil {
		return fmt.Errorf("reading the content: %w", err)
	}
	return nil
}

// Audit verifies what is stored again, and reports as it goes.
func (c *Client) Audit(ctx context.Context, report func(Finding) error) error {
	res, err := c.do(ctx, "GET", "/audit", nil, "", "")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	for d := json.NewDecoder(res.Body); ; {
		var f Finding
		switch err := d.Decode(&f); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("reading the audit: %w", err)
		}
		if err := report(f); err != nil {
			return err
		}
	}
}
