// Package application holds how somebody asks for a KEP account: the form, the
// states that an application goes through, who may move it, and what each step
// owes.
//
// One table (table.go) has every transition; what is not in it does not happen.
// A [Step] is made only by the functions of [Rules], and a [Ledger] takes nothing
// else, so that no caller can write a state that nobody decided. Activation makes
// an [Opening], the only thing from which an account comes.
//
// Invariants:
//   - No account without a completed record of identification and the approval
//     of a second officer: whoever collected or cleared the record, and whoever
//     is the applicant, is not an approver (REQ-9, REQ-22).
//   - A refusal has a reason of the list, with its text, and is a natural
//     person's. What an adapter or a register says against an applicant leads to
//     a person and nowhere else (REQ-16, REQ-20).
//   - The form asks what the law asks, and what it does not ask is marked as
//     optional; every field has its source and its purposes (S03, S27). An
//     identification holds for the form that was shown and for no other.
//   - What waits for us never expires; what waits for the applicant does.
//   - Fields about people are sealed, each by its own name (P-03).
//
// Next: form.go for what is asked, table.go for what happens, rules.go for what
// is checked, ledger.go for what is kept, bulk.go for a company that applies for
// its people. The written form that people sign is docs/formats/application-form.md.
package application
