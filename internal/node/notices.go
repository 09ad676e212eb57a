package node

import (
	"context"

	"rem"
	"rem/edge/config"
	"rem/edge/control"
	"rem/privacy/notice"
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

func (c controller) notice(v *notice.Version) control.Notice {
	return control.Notice{
		Version: v.Notice.Version, Digest: v.Digest.String(), Published: v.Link.Time, Effective: v.Effective,
		Status: string(c.n.Records.Notices.StatusOf(v, c.n.clock.Now())), Sample: v.Notice.Sample, By: string(v.By),
	}
}
