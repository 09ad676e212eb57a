package signing

import (
	"context"
	"errors"
	"fmt"

	"rem"
)

// A MobileOperator is whose telephones sign.
type MobileOperator struct {
	ID   string // such as "operator-a"
	Name rem.Text
}

// A MobileHandle names a signature that was asked of a telephone.
type MobileHandle string

// A MobileRequest is what a telephone is asked to sign.
type MobileRequest struct {
	Operator, Number string
	// Text is shown on the telephone: short, without names.
	Text string
	// Digest is SHA-256, of signed attributes.
	Digest []byte
}

// A MobileAnswer is what a telephone's operator knows of a request.
type MobileAnswer struct {
	// Waiting: nobody answered yet; then Value is nil.
	Waiting bool
	// Declined: the person said no, or the time passed.
	Declined bool
	// Value is the signature value, of the form that cades.Remote.Complete takes.
	Value []byte
}

// Mobile signs with keys in telephones, through whoever operates them. Adapters
// speak the operator's protocol; edge/simulator has one that is marked as such.
// Calls may be repeated; nothing is durable here.
type Mobile interface {
	// Operators are those that can be asked.
	Operators() []MobileOperator
	// Certificate gives the signing certificate of a number, its chain in DER, leaf
	// first. A *rem.Refusal: there is none.
	Certificate(ctx context.Context, operator, number string) ([][]byte, error)
	// Ask sends the request to the telephone. code is shown there and on our page,
	// so that the person can compare them.
	Ask(ctx context.Context, r MobileRequest) (h MobileHandle, code string, err error)
	// Answer tells what became of it. It returns at once.
	Answer(ctx context.Context, h MobileHandle) (MobileAnswer, error)
}

// A MobileState is a telephone that is being waited for.
type MobileState struct {
	// Code stands on the telephone too.
	Code string
	// Declined: nothing will come; asking again is possible.
	Declined bool
}

// AskMobile asks a telephone for the signature of a request with one message.
func (s *Service) AskMobile(ctx context.Context, a Access, operator, number string) (View, error) {
	if s.Mobile == nil {
		return View{}, ErrNotFound
	}
	r, done, err := s.work(a)
	if err != nil {
		return View{}, err
	}
	defer done()
	if len(r.items) != 1 || r.items[0].signed != nil {
		return View{}, rem.Refuse(rem.PolicyViolation, "Mobil imzayla bir kerede tek ileti imzalanır.", "By telephone one message is signed at a time.")
	}
	chain, err := s.Mobile.Certificate(ctx, operator, number)
	if err != nil {
		return View{}, fmt.Errorf("asking for a telephone's certificate: %w", err)
	}
	certificates, err := parseChain(chain)
	if err != nil {
		return View{}, err
	}
	choice, err := s.choose(ctx, r, certificates)
	if err != nil {
		return View{}, err
	}
	handle, code, err := s.Mobile.Ask(ctx, MobileRequest{
		Operator: operator, Number: number, Text: "KEP " + r.view.Items[0].Digest.String()[:8], Digest: choice.Items[0].Digest,
	})
	if err != nil {
		return View{}, fmt.Errorf("asking a telephone: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r.mobile = handle
	r.view.Mobile = &MobileState{Code: visible(code)}
	return r.copy(), nil
}

// AnswerMobile looks whether the telephone has answered, and completes the request
// when it has signed.
func (s *Service) AnswerMobile(ctx context.Context, a Access) (View, error) {
	r, done, err := s.work(a)
	if err != nil {
		return View{}, err
	}
	defer done()
	if r.mobile == "" || s.Mobile == nil {
		return View{}, ErrNotFound
	}
	answer, err := s.Mobile.Answer(ctx, r.mobile)
	if err != nil {
		return View{}, fmt.Errorf("looking whether a telephone answered: %w", err)
	}
	if answer.Waiting {
		return s.viewOf(r), nil
	}
	if !answer.Declined {
		v, err := s.complete(ctx, r, [][]byte{answer.Value})
		if _, refused := errors.AsType[*rem.Refusal](err); !refused {
			return v, err
		}
		s.decline(r)
		return View{}, err
	}
	s.decline(r)
	return s.viewOf(r), nil
}

func (s *Service) decline(r *request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.view.Mobile = &MobileState{Code: r.view.Mobile.Code, Declined: true}
	r.mobile = ""
}

func (s *Service) viewOf(r *request) View {
	s.mu.Lock()
	defer s.mu.Unlock()
	return r.copy()
}
