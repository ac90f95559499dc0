/*
 * manifest.c and manifest_check.c on any text. What is read must write back
 * byte for byte, and what is taken must keep the rules that members are later
 * read by. The text is whole; or, where the first byte is a letter of a kind,
 * a head that is right comes from here and the input is what follows it.
 */
#include "format/manifest_check.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define EPOCH "e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1"
#define HASH "1111111111111111111111111111111111111111111111111111111111111111"
#define HEAD(kind, more) \
	"{\n \"format\": 0,\n \"kind\": \"" kind "\",\n" \
	" \"connection\": \"" EPOCH "\",\n \"from\": {\n" \
	"  \"org\": \"00D2a0000000001EAA\",\n  \"name\": \"Acme\",\n" \
	"  \"sandbox\": false,\n  \"key\": \"0123456789ABCDEF\"" more "\n },\n" \
	" \"to\": null,\n \"made\": \"2026-11-22T06:00:00.000Z\",\n"
#define PLACED \
	" \"place\": {\n  \"epoch\": \"" EPOCH "\",\n  \"sequence\": 7\n },\n" \
	" \"previous\": \"" HASH "\",\n \"start\": null,\n \"seen\": null,\n" \
	" \"history\": {\n  \"rows\": 1,\n  \"head\": \"" HASH "\"\n },\n"
#define TOLD \
	" \"notices\": [],\n \"more\": false,\n \"as_of\": null,\n" \
	" \"published\": {\n  \"revision\": 1,\n  \"rows\": null\n },\n" \
	" \"objects\": ["
#define OBJECT \
	"\n  {\n   \"name\": \"Account\",\n   \"creates\": 1,\n" \
	"   \"updates\": 0,\n   \"deletes\": 0,\n   \"records\": 1,\n" \
	"   \"sum\": \"" HASH "\"\n  }\n ],\n \"members\": [\n"

static const struct {
	char letter;
	const char *head;
} heads[] = {
	{ 'i', HEAD("invitation", ",\n  \"sealing\": \"" HASH "\"") },
	{ 'a', HEAD("answer", ",\n  \"sealing\": \"" HASH "\"") },
	{ 'n', HEAD("notice", "") " \"revision\": 0,\n" PLACED },
	{ 'c', HEAD("changes", "") },
	{ 'p', HEAD("changes", "") PLACED },
	{ 'o', HEAD("changes", "") PLACED TOLD },
	{ 'm', HEAD("changes", "") PLACED TOLD OBJECT },
};

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
must_keep_the_rules(const struct manifest *m)
{
	bool told = m->kind == MANIFEST_CHANGES || m->kind == MANIFEST_NOTICE;

	must(m->members <= LIMIT_MEMBERS && m->objects <= LIMIT_OBJECTS &&
	     m->notices <= LIMIT_NOTICES);
	for (size_t i = 0; i < m->members; i++) {
		struct member_name name;

		must(member_parse(&name, m->member[i].name));
		must(name.group != MEMBER_PART);
		must(m->member[i].size <= LIMIT_MEMBER &&
		     m->member[i].stored <= LIMIT_STORED);
		must((name.group == MEMBER_SENDER) == (i == 0 && !told));
	}
	for (size_t i = 0; i < m->objects; i++) {
		const struct manifest_object *o = &m->object[i];

		must(member_api_name(o->name, strlen(o->name)));
		must(o->creates + o->updates + o->deletes <= MANIFEST_MOST);
		must(i == 0 || strcmp(o[-1].name, o->name) < 0);
	}
	must(*m->from.name && (told || m->revision >= 1));
	must(m->kind != MANIFEST_CHANGES || m->place.sequence >= 1);
}

static void
fuzz_text(const void *text, size_t len)
{
	struct buf again = BUF_INIT;
	struct manifest m;
	struct err err = { 0 };

	if (manifest_read(&m, text, len, &err) < 0) {
		must(err.kind == ERR_REFUSED && err.msg[0]);
		manifest_release(&m);
		return;
	}
	must(manifest_write(&again, &m, &err) == 0);
	must(again.len == len && memcmp(again.data, text, len) == 0);
	if (manifest_check(&m, &err) == 0)
		must_keep_the_rules(&m);
	else
		must(err.kind == ERR_REFUSED && err.msg[0]);
	buf_release(&again);
	manifest_release(&m);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool begun;
	struct err err = { 0 };

	if (!begun)
		must(keys_init(&err) == 0);
	begun = true;
	for (size_t i = 0; size > 0 && i < sizeof heads / sizeof *heads; i++) {
		struct buf text = BUF_INIT;

		if (heads[i].letter != (char)data[0])
			continue;
		buf_add_str(&text, heads[i].head);
		buf_add(&text, data + 1, size - 1);
		must(buf_ok(&text, &err) == 0);
		fuzz_text(text.data, text.len);
		buf_release(&text);
		return 0;
	}
	fuzz_text(data, size);
	return 0;
}
