package node

import (
	"context"

	"rem"
	"rem/edge/config"
	"rem/edge/control"
	"rem/privacy/notice"
	"rem/provider/publication"
)

// PublishNotice implements control.Provider.
func (c controller) PublishNotice(ctx context.Context, by, source string) (*control.Notice, error) {
	r := &c.n.Records
	v, err := r.Notices.Publish(ctx, []byte(source), notice.Terms{
		By: rem.PersonID(by), Register: r.Register, AllowSample: c.n.Config.Mode != config.Production,
	})
	if err != nil {
		return nil, err
	}
	c.n.Log.Info("notice published", "version", v.Notice.Version, "by", by)
	published := c.notice(v)
	return &published, nil
}

// Notices implements control.Provider.
func (c controller) Notices(context.Context) ([]control.Notice, error) {
	list := []control.Notice{} // a list for programs, never null
	for _, v := range c.n.Records.Notices.Versions() {
		list = append(list, c.notice(v))
	}
	return list, nil
}

// PublishDocument implements control.Provider.
func (c controller) PublishDocument(ctx context.Context, by, source string) (*control.Document, error) {
	v, err := c.n.Records.Published.Publish(ctx, []byte(source), publication.Terms{
		By: rem.PersonID(by), AllowSample: c.n.Config.Mode != config.Production,
	})
	if err != nil {
		return nil, err
	}
	c.n.Log.Info("document published", "kind", string(v.Document.Kind), "version", v.Document.Version, "by", by)
	published := c.document(v)
	return &published, nil
}

// Documents implements control.Provider.
func (c controller) Documents(context.Context) ([]control.Document, error) {
	list := []control.Document{}
	for _, k := range publication.Kinds() {
		for _, v := range c.n.Records.Published.Versions(k) {
			list = append(list, c.document(v))
		}
	}
	return list, nil
}

func (c controller) document(v *publication.Version) control.Document {
	now := c.n.clock.Now()
	status := notice.Superseded
	if holds, err := c.n.Records.Published.InForce(v.Document.Kind, now); err == nil && holds == v {
		status = notice.InForce
	} else if v.Effective.After(now) {
		status = notice.Announced
	}
	return control.Document{
		Kind: string(v.Document.Kind), Version: v.Document.Version, Digest: v.Digest.String(), Published: v.Link.Time, Effective: v.Effective,
		Status: string(status), Sample: v.Document.Sample, By: string(v.By),
	}
}

func (c controller) notice(v *notice.Version) control.Notice {
	return control.Notice{
		Version: v.Notice.Version, Digest: v.Digest.String(), Published: v.Link.Time, Effective: v.Effective,
		Status: string(c.n.Records.Notices.StatusOf(v, c.n.clock.Now())), Sample: v.Notice.Sample, By: string(v.By),
	}
}
