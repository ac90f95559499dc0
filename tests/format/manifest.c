/* The manifest's one spelling and its rules, as edits of a good one. */
#include <criterion/criterion.h>
#include <string.h>

#include "format/manifest_check.h"
#include "format/sample.h"

static struct sample_keys keys;

static void
begin(void)
{
	struct err err = { 0 };

	cr_assert_eq(sample_keys_read(&keys, &err), 0, "%s", err.msg);
}

static void
end(void)
{
	sample_keys_free(&keys);
}

TestSuite(manifest, .init = begin, .fini = end);

/* A sample's text, with sender.pub and members where they belong. */
static void
text_of(struct buf *out, enum sample_kind kind)
{
	static const struct manifest_member members[] = {
		{ "sender.pub", 113, 113, { 1 } },
		{ "published/1.csv.gz", 200, 300, { 2 } },
		{ "changes/names-1.csv.gz", 100, 200, { 3 } },
		{ "changes/names-2.csv.gz", 100, 200, { 4 } },
		{ "changes/Account.creates-1.csv.gz", 9, 9, { 5 } },
		{ "changes/Shipment__c.creates-1.csv.gz", 9, 9, { 6 } },
		{ "receipts/ids-1.csv.gz", 9, 9, { 7 } },
		{ "files/index-1.csv.gz", 9, 9, { 8 } },
	};
	struct manifest_member copy[8];
	struct manifest m;
	struct err err = { 0 };

	memcpy(copy, members, sizeof copy);
	cr_assert_eq(sample_manifest(&m, kind, &keys, &err), 0);
	m.member = copy;
	if (kind <= SAMPLE_ANSWER) {
		m.members = 2;
	} else if (m.kind == MANIFEST_CHANGES && m.objects > 0) {
		m.member = copy + 1;
		m.members = 7;
	}
	cr_assert_eq(manifest_check(&m, &err), 0, "%s", err.msg);
	cr_assert_eq(manifest_write(out, &m, &err), 0);
	m.member = NULL;
	m.members = 0;
	manifest_release(&m);
}

static int
read_and_check(struct manifest *m, const void *text, size_t len,
	       struct err *err)
{
	if (manifest_read(m, text, len, err) < 0)
		return -1;
	return manifest_check(m, err);
}

Test(manifest, is_read_as_it_was_written)
{
	for (int k = 0; k < SAMPLE_KINDS; k++) {
		struct buf text = BUF_INIT, again = BUF_INIT;
		struct err err = { 0 };
		struct manifest m;

		text_of(&text, (enum sample_kind)k);
		cr_assert_eq(read_and_check(&m, text.data, text.len, &err), 0,
			     "%s: %s", sample_name((enum sample_kind)k),
			     err.msg);
		cr_assert_eq(manifest_write(&again, &m, &err), 0);
		cr_assert_eq(text.len, again.len);
		cr_expect_arr_eq(text.data, again.data, text.len);
		manifest_release(&m);
		buf_release(&text);
		buf_release(&again);
	}
}

struct edit {
	enum sample_kind kind;
	const char *from, *to; /* the first place that has `from` */
	const char *says;      /* a part of the error */
};

#define ROW "\n  \"epoch\": \"e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1\"," \
	    "\n  \"sequence\": "

static const struct edit edits[] = {
	/* Spelling. */
	{ SAMPLE_CHANGES, "{\n", "{ \n", "line 1: '{ ' is not the one" },
	{ SAMPLE_CHANGES, " \"format\": 0", " \"format\":0",
	  "line 2: ' \"format\":0,' is not the one" },
	{ SAMPLE_CHANGES, "\"format\": 0,\n \"kind\": \"changes\"",
	  "\"kind\": \"changes\",\n \"format\": 0", "line 2:" },
	{ SAMPLE_CHANGES, "Acme", "\\u0041cme", "is not the one spelling" },
	{ SAMPLE_CHANGES, "\"sequence\": 7", "\"sequence\": 07",
	  "is not JSON" },
	{ SAMPLE_CHANGES, "\"sequence\": 7", "\"sequence\": 7.0",
	  "key \"place.sequence\": must be an integer" },
	{ SAMPLE_CHANGES, "\"sequence\": 7", "\"sequence\": -7",
	  "from 0 to 9007199254740991" },
	{ SAMPLE_CHANGES, "\"sequence\": 7", "\"sequence\": 9007199254740992",
	  "from 0 to 9007199254740991" },
	{ SAMPLE_CHANGES, "\"sequence\": 7",
	  "\"sequence\": 99999999999999999999", "is not JSON" },
	{ SAMPLE_CHANGES, "\"format\": 0", "\"format\": 0,\n \"format\": 0",
	  "is not JSON" },
	{ SAMPLE_CHANGES, "Acme", "Ac\\u0000me", "is not JSON" },
	{ SAMPLE_CHANGES, "Acme", "Ac\\nme", "has a control character" },
	{ SAMPLE_CHANGES, "Acme", "Ac\xc0\xafme", "is not JSON" },
	{ SAMPLE_CHANGES, "\n}\n", "\n}\n\n", "is not the one spelling" },
	{ SAMPLE_CHANGES, "\n}\n", "\n}", "is not the one spelling" },
	{ SAMPLE_CHANGES, "\n}\n", "\n}\nx", "is not JSON" },
	/* Keys. */
	{ SAMPLE_CHANGES, "\"format\": 0", "\"format\": 1",
	  "key \"format\": is another version" },
	{ SAMPLE_CHANGES, " \"more\": false,\n", "",
	  "key \"more\": is missing" },
	{ SAMPLE_CHANGES, " \"more\"", " \"extra\": 1,\n \"more\"",
	  "key 'extra': is not known here" },
	{ SAMPLE_CHANGES, "  \"sandbox\"", "  \"extra\": 1,\n  \"sandbox\"",
	  "key 'extra': is not known here" },
	{ SAMPLE_CHANGES, "\"kind\": \"changes\"", "\"kind\": \"gossip\"",
	  "key \"kind\": is a word not known here" },
	{ SAMPLE_CHANGES, "Acme \\\"Soci\xc3\xa9t\xc3\xa9\\\"", "",
	  "key \"from.name\": must not be empty" },
	{ SAMPLE_CHANGES, "\"more\": false", "\"more\": null",
	  "key \"more\": must be true or false" },
	{ SAMPLE_CHANGES, "00D2a0000000001EAA", "00D2a0000000001",
	  "key \"from.org\": must be an id of 18" },
	{ SAMPLE_CHANGES, "00D2a0000000001EAA", "00D2a00000000-1EAA",
	  "key \"from.org\": must be an id of 18" },
	{ SAMPLE_CHANGES, "2026-11-22T06:00:00.000Z", "2026-11-22T06:00:00Z",
	  "key \"made\": must be a time" },
	{ SAMPLE_CHANGES, "2026-11-22T06:00:00.000Z",
	  "2026-02-30T06:00:00.000Z", "key \"made\": must be a time" },
	{ SAMPLE_CHANGES, "000102030405060708090a0b0c0d0e0f",
	  "000102030405060708090A0B0C0D0E0F",
	  "key \"connection\": must be 32 lower-case" },
	{ SAMPLE_CHANGES, "\"previous\": \"77", "\"previous\": \"7",
	  "key \"previous\": must be 64" },
	{ SAMPLE_INVITATION, "\"policy\": \"newest\"",
	  "\"policy\": \"loudest\"", "key \"policy\": is a word" },
	{ SAMPLE_INVITATION, "\"sealing\": \"", "\"sealing\": \"0",
	  "key \"from.sealing\": must be 64" },
	/* Rules. */
	{ SAMPLE_ANSWER, "\"org\": \"00D3b0000000009EAA\"", "\"org\": null",
	  "an answer names the org" },
	{ SAMPLE_ANSWER, "\"revision\": 1", "\"revision\": 0",
	  "key \"revision\": begins at 1" },
	{ SAMPLE_CHANGES, ROW "7", ROW "0", "is not the one spelling" },
	{ SAMPLE_CHANGES, "\"rows\": 12", "\"rows\": 0",
	  "is zeros where there are no rows" },
	{ SAMPLE_CHANGES, "\"records\": 14", "\"records\": 0",
	  "the sum of no names" },
	{ SAMPLE_FOLLOWS, "e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0",
	  "e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1", "is the epoch that begins" },
	{ SAMPLE_FULL, "orgferry sealing key: ", "orgferry sealing key: 0",
	  "key \"notices.statement\"" },
	{ SAMPLE_NOTICE, "\"revision\": 0", "\"revision\": 1",
	  "a notice has either" },
	{ SAMPLE_CANCEL, "\"revision\": 1", "\"revision\": 0",
	  "a notice has either" },
	{ SAMPLE_CHANGES, ROW "7", ROW "1", "key \"start\": the first" },
	{ SAMPLE_CHANGES, "\"start\": null", "\"start\": \"first\"",
	  "key \"start\": the first" },
	{ SAMPLE_CHANGES, "\"start\": null", "\"start\": \"follows\"",
	  "key \"start\": is a word not known" },
	{ SAMPLE_FULL, "\"previous\": null",
	  "\"previous\": \"77777777777777777777777777777777"
	  "77777777777777777777777777777777\"", "key \"previous\": every" },
	{ SAMPLE_FOLLOWS, "\"sequence\": 41", "\"sequence\": 0",
	  "key \"start.sequence\": begins" },
	{ SAMPLE_CHANGES, "\"sequence\": 3", "\"sequence\": 0",
	  "key \"seen.sequence\": begins" },
	{ SAMPLE_NOTICE, "\"deactivate\"", "\"cancel\"",
	  "\"cancel\" does not belong after" },
	{ SAMPLE_CANCEL, "\"cancel\"", "\"suspend\"",
	  "\"suspend\" does not belong before" },
	{ SAMPLE_FULL, "\"suspend\"", "\"deactivate\"",
	  "comes as a notice of its own" },
	{ SAMPLE_FULL, "\"suspend\"", "\"policy\"",
	  "key \"notices.policy\": is missing" },
	{ SAMPLE_CHANGES, "\"name\": \"Task\"", "\"name\": \"Order\"",
	  "in the order of their names" },
	{ SAMPLE_CHANGES, "\"name\": \"Task\"", "\"name\": \"Ta-sk\"",
	  "is not an API name" },
	{ SAMPLE_CHANGES, "\"creates\": 3", "\"creates\": 9007199254740991",
	  "its counts are too large" },
	{ SAMPLE_CHANGES, "names-2", "names-3", "without a gap" },
	{ SAMPLE_CHANGES, "names-2", "names-02", "is no member" },
	{ SAMPLE_CHANGES, "names-2", "names-1", "without a gap" },
	{ SAMPLE_CHANGES, "\"creates\": 1,", "\"creates\": 9007199254740990,",
	  "its counts are too large" },
	{ SAMPLE_CHANGES, "changes/Account.creates-1",
	  "changes/Task.creates-1", "stands too late" },
	{ SAMPLE_CHANGES, "changes/Account.creates-1", "changes/updates-1",
	  "stands too late" },
	{ SAMPLE_CHANGES, "changes/names-1", "changes/Account.names-1",
	  "is no member of such a bundle" },
	{ SAMPLE_CHANGES, "changes/Shipment__c.creates",
	  "changes/Lead.creates", "\"objects\" has no such" },
	{ SAMPLE_CHANGES, "published/1", "../../etc/passwd", "is no member" },
	{ SAMPLE_CHANGES, "published/1.csv.gz", "sender.pub",
	  "is no member of such a bundle" },
	{ SAMPLE_CHANGES, "receipts/ids-1", "published/1", "too late" },
	{ SAMPLE_CHANGES, "files/index-1.csv.gz",
	  "files/00000000000000000000000000000000"
	  "00000000000000000000000000000000.1", "is no member" },
	{ SAMPLE_CHANGES, "\"size\": 300", "\"size\": 4194305",
	  "its sizes are not possible" },
	{ SAMPLE_CHANGES, "\"stored\": 200", "\"stored\": 4259841",
	  "its sizes are not possible" },
	{ SAMPLE_CHANGES, "\"revision\": 4", "\"revision\": 0",
	  "what is told has a revision" },
	{ SAMPLE_ANSWER, "sender.pub", "published/1.csv.gz",
	  "without a gap" },
	{ SAMPLE_ANSWER, "\"stored\": 113", "\"stored\": 114",
	  "its sizes are not possible" },
};

/* The text with the first `from` made `to`. */
static void
edit_text(struct buf *out, struct buf *text, const struct edit *e)
{
	const char *s = buf_str(text), *at = strstr(s, e->from);

	cr_assert_not_null(at, "no %s in %s", e->from, s);
	buf_add(out, s, (size_t)(at - s));
	buf_add_str(out, e->to);
	buf_add_str(out, at + strlen(e->from));
}

Test(manifest, refuses_by_key_and_rule)
{
	for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
		struct buf text = BUF_INIT, edited = BUF_INIT;
		struct err err = { 0 };
		struct manifest m;

		text_of(&text, edits[i].kind);
		edit_text(&edited, &text, &edits[i]);
		cr_expect_eq(read_and_check(&m, edited.data, edited.len, &err),
			     -1, "%s for %s was taken", edits[i].to,
			     edits[i].from);
		cr_expect_eq(err.kind, ERR_REFUSED);
		cr_expect_not_null(strstr(err.msg, edits[i].says),
				   "%s for %s: %s", edits[i].to, edits[i].from,
				   err.msg);
		manifest_release(&m);
		buf_release(&text);
		buf_release(&edited);
	}
}

Test(manifest, a_sealing_key_is_sound)
{
	static const uint8_t bad[][KEYS_SEAL_PUBLIC] = { { 0 }, { 1 } };
	struct manifest m;
	struct err err = { 0 };

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		cr_assert_eq(sample_manifest(&m, SAMPLE_INVITATION, &keys,
					     &err), 0);
		memcpy(m.from.sealing, bad[i], sizeof bad[i]);
		cr_expect_eq(manifest_check(&m, &err), -1);
		cr_expect_not_null(strstr(err.msg, "key \"from.sealing\": is "
						   "not a sound"), "%s",
				   err.msg);
		manifest_release(&m);
	}
}

Test(manifest, survives_every_cut_and_every_byte_doubled)
{
	struct buf text = BUF_INIT;

	text_of(&text, SAMPLE_FULL);
	for (size_t n = 0; n < text.len; n++) {
		struct buf twice = BUF_INIT;
		struct manifest m;
		struct err err = { 0 };

		cr_expect_eq(manifest_read(&m, text.data, n, &err), -1);
		cr_expect_eq(err.kind, ERR_REFUSED, "%s", err.msg);
		manifest_release(&m);
		buf_add(&twice, text.data, n + 1);
		buf_add(&twice, text.data + n, text.len - n);
		/* A letter doubled in a text is another text. */
		(void)manifest_read(&m, twice.data, twice.len, &err);
		manifest_release(&m);
		buf_release(&twice);
	}
	buf_release(&text);
}

Test(manifest, more_values_than_any_manifest_has_are_not_parsed)
{
	struct buf text = BUF_INIT;
	struct err err = { 0 };
	struct manifest m;

	buf_add_str(&text, "{\"a\":[");
	for (size_t i = 0; i < 1000000; i++)
		buf_add_str(&text, "[],");
	cr_expect_eq(manifest_read(&m, text.data, text.len, &err), -1);
	cr_expect_not_null(strstr(err.msg, "has more than 200000 values"));
	manifest_release(&m);
	buf_release(&text);
}
