package message

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

//go:generate go test -run TestStatesAreDrawnAsTheyAre -update .

var update = flag.Bool("update", false, "write docs/journeys/states.md")

const statesFile = "../docs/journeys/states.md"

const statesHead = `# The states of a message

Made from ` + "`message/table.go`" + ` by ` + "`go generate ./message`" + `; change it there. [message.md](message.md) tells the same as a journey.

For each recipient a message is on one leg and in one state. What is not drawn does not happen: any other event is a repetition or a contradiction, and changes no state. Behind an event stands the evidence that this REM-MD makes of it, with its two-digit code;
the events called peer are evidences that the other REM-MD sent.
`

// TestStatesAreDrawnAsTheyAre compares docs/journeys/states.md with the table.
func TestStatesAreDrawnAsTheyAre(t *testing.T) {
	got := states()
	if *update {
		if err := os.WriteFile(statesFile, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(statesFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is stale, run go generate ./message (-file +table):\n%s", statesFile, diff)
	}
}

var told = []struct {
	bit  Told
	name string
}{{TellSender, "sender"}, {TellPeer, "other REM-MD"}, {TellRecipient, "recipient"}}

var periods = map[Period]string{NoPeriod: "", RelayPeriod: "relayPeriod", AnswerPeriod: "answerPeriod", RetrievalPeriod: "retrievalPeriod"}

func states() string {
	var b strings.Builder
	b.WriteString(statesHead)
	for _, leg := range []struct {
		leg  Leg
		what string
	}{
		{Outbound, "our sender, another's recipient"},
		{Inbound, "another's sender, our recipient"},
		{Local, "both ours"},
	} {
		fmt.Fprintf(&b, "\n## %s: %s\n\n```mermaid\nstateDiagram-v2\n", strings.ToUpper(leg.leg.String()[:1])+leg.leg.String()[1:], leg.what)
		leaves, reached := map[State]bool{}, []State{}
		for _, t := range Table {
			if t.Leg != leg.leg {
				continue
			}
			if t.From == t.To {
				continue // news that is only filed; the table below has it
			}
			leaves[t.From] = true
			reached = append(reached, t.To)
			fmt.Fprintf(&b, "    %s --> %s: %s%s\n", node(t.From), node(t.To), t.On, made(t.Owes, " / "))
		}
		ended := map[State]bool{}
		for _, s := range reached {
			if !leaves[s] && !ended[s] {
				ended[s] = true
				fmt.Fprintf(&b, "    %s --> [*]\n", node(s))
			}
		}
		b.WriteString("```\n\n| in | comes | then | evidence we make | told | goes on with | deadline that begins |\n| --- | --- | --- | --- | --- | --- | --- |\n")
		for _, t := range Table {
			if t.Leg != leg.leg {
				continue
			}
			var who []string
			for _, w := range told {
				if t.Tells&w.bit != 0 {
					who = append(who, w.name)
				}
			}
			next := ""
			if t.Next != NoStage {
				next = t.Next.String()
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", t.From, t.On, t.To, made(t.Owes, ""), strings.Join(who, ", "), next, periods[t.Until])
		}
	}
	return b.String()
}

// node is a state's name as a diagram can have it.
func node(s State) string {
	if s == None {
		return "[*]"
	}
	return strings.ReplaceAll(s.String(), "-", "_")
}

func made(o Owed, before string) string {
	if o.IsZero() {
		return ""
	}
	text := before + o.Kind.Code(o.Outcome) + " " + o.Kind.String()
	if o.NoInformation {
		text += " (no information)"
	}
	return text
}
