/*
 * What a manifest may say (FORMAT.md, "Manifest", rules): see
 * manifest_check.h. One function a subject; each names what it saw.
 */
#include "format/manifest_check.h"

#include <string.h>

#include "format/minisig.h"

static int
check_kind(const struct manifest *m, struct err *err)
{
	bool placed = m->place.sequence != 0;

	if (m->kind == MANIFEST_ANSWER && (!m->addressed || !*m->to.id))
		return err_set(err, ERR_REFUSED, "key \"to\": an answer names "
			       "the org that it answers");
	if ((m->kind == MANIFEST_INVITATION || m->kind == MANIFEST_ANSWER) &&
	    m->revision == 0)
		return err_set(err, ERR_REFUSED, "key \"revision\": begins "
			       "at 1");
	if (m->kind == MANIFEST_CHANGES && !placed)
		return err_set(err, ERR_REFUSED, "key \"place\": changes have "
			       "a place");
	if (m->kind == MANIFEST_NOTICE && (m->revision == 0) != placed)
		return err_set(err, ERR_REFUSED, "key \"place\": a notice has "
			       "either a revision or a place");
	return 0;
}

/* Who sends has a name, and a key that can be sealed to. */
static int
check_from(const struct manifest *m, struct err *err)
{
	if (!*m->from.name)
		return err_set(err, ERR_REFUSED, "key \"from.name\": must not "
			       "be empty");
	if ((m->kind == MANIFEST_INVITATION || m->kind == MANIFEST_ANSWER) &&
	    !keys_sealing_is_sound(m->from.sealing))
		return err_set(err, ERR_REFUSED, "key \"from.sealing\": is "
			       "not a sound X25519 key");
	return 0;
}

static bool
is_zero(const uint8_t hash[static KEYS_HASH])
{
	static const uint8_t zeros[KEYS_HASH];

	return memcmp(hash, zeros, KEYS_HASH) == 0;
}

static int
check_place(const struct manifest *m, struct err *err)
{
	bool first = m->place.sequence == 1;
	bool begins = m->start == MANIFEST_START_FIRST ||
		      m->start == MANIFEST_START_FULL;

	if (m->kind != MANIFEST_CHANGES && m->kind != MANIFEST_NOTICE)
		return 0;
	if (first != (m->start != MANIFEST_START_NONE))
		return err_set(err, ERR_REFUSED, "key \"start\": the first "
			       "bundle of an epoch has it, and no other");
	if (m->has_previous != (m->place.sequence != 0 && !begins))
		return err_set(err, ERR_REFUSED, "key \"previous\": every "
			       "bundle with one before it names that one's "
			       "hash, and no other does");
	if (m->start == MANIFEST_START_FOLLOWS && m->follows.sequence == 0)
		return err_set(err, ERR_REFUSED, "key \"start.sequence\": "
			       "begins at 1");
	if (m->start == MANIFEST_START_FOLLOWS &&
	    memcmp(m->follows.epoch, m->place.epoch, MANIFEST_EPOCH) == 0)
		return err_set(err, ERR_REFUSED, "key \"start.epoch\": is the "
			       "epoch that begins");
	if ((m->history == 0) != is_zero(m->head))
		return err_set(err, ERR_REFUSED, "key \"history.head\": is "
			       "zeros where there are no rows, and only there");
	if (m->has_seen && m->seen.sequence == 0)
		return err_set(err, ERR_REFUSED, "key \"seen.sequence\": "
			       "begins at 1");
	return 0;
}

/* New keys prove that their owner has them. */
static int
check_statement(const char *text, struct err *err)
{
	uint8_t sealing[KEYS_SEAL_PUBLIC];
	struct key_public key;

	if (minisig_read_sealing(&key, sealing, text, strlen(text), err) < 0)
		return err_at(err, "key \"notices.statement\"");
	return 0;
}

static int
check_notices(const struct manifest *m, struct err *err)
{
	bool placed = m->place.sequence != 0;

	if (m->kind == MANIFEST_NOTICE && m->notices == 0)
		return err_set(err, ERR_REFUSED, "key \"notices\": a notice "
			       "has at least one");
	for (size_t i = 0; i < m->notices; i++) {
		enum manifest_notice_kind kind = m->notice[i].kind;

		if ((kind == MANIFEST_CANCEL) == placed)
			return err_set(err, ERR_REFUSED, "key \"notices\": "
				       "\"%s\" does not belong %s acceptance",
				       manifest_notice_word(kind),
				       placed ? "after" : "before");
		if (kind == MANIFEST_DEACTIVATE && m->kind != MANIFEST_NOTICE)
			return err_set(err, ERR_REFUSED, "key \"notices\": "
				       "\"deactivate\" comes as a notice of "
				       "its own");
		if (kind == MANIFEST_ROTATE &&
		    check_statement(m->notice[i].statement, err) < 0)
			return -1;
	}
	return 0;
}

/* Objects in the order of their names, none twice, none with nothing. */
static int
check_objects(const struct manifest *m, struct err *err)
{
	uint64_t all = 0;

	for (size_t i = 0; i < m->objects; i++) {
		const struct manifest_object *o = &m->object[i];
		uint64_t sum = o->creates;

		if (!member_api_name(o->name, strlen(o->name)))
			return err_set(err, ERR_REFUSED, "key \"objects\": %s "
				       "is not an API name", SHOWN(o->name));
		if (i > 0 && strcmp(m->object[i - 1].name, o->name) >= 0)
			return err_set(err, ERR_REFUSED, "key \"objects\": "
				       "%s: they stand in the order of their "
				       "names, each once", SHOWN(o->name));
		if (!sum_u64(&sum, o->updates) || !sum_u64(&sum, o->deletes) ||
		    sum > MANIFEST_MOST || !sum_u64(&all, sum) ||
		    all > MANIFEST_MOST)
			return err_set(err, ERR_REFUSED, "key \"objects\": "
				       "%s: its counts are too large",
				       SHOWN(o->name));
		if (o->records == 0 && !is_zero(o->sum))
			return err_set(err, ERR_REFUSED, "key \"objects\": "
				       "%s: the sum of no names is zeros",
				       SHOWN(o->name));
	}
	return 0;
}

/* The index of an object, or m->objects. */
static size_t
object_index(const struct manifest *m, const char *name)
{
	size_t low = 0, high = m->objects;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = strcmp(m->object[mid].name, name);

		if (order == 0)
			return mid;
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return m->objects;
}

static bool
group_suits(enum manifest_kind kind, enum member_group group)
{
	switch (group) {
	case MEMBER_SENDER:
		return kind == MANIFEST_INVITATION || kind == MANIFEST_ANSWER;
	case MEMBER_PUBLISHED:
		return kind != MANIFEST_NOTICE;
	case MEMBER_PART:
	case MEMBER_GROUPS:
		return false;
	default:
		return kind == MANIFEST_CHANGES;
	}
}

static int
check_size(const struct manifest_member *member, enum member_group group,
	   struct err *err)
{
	size_t most = group == MEMBER_SENDER ? LIMIT_PUBLIC_KEY : LIMIT_MEMBER;

	if (member->size > most || member->stored > LIMIT_STORED ||
	    (group == MEMBER_SENDER && member->stored != member->size))
		return err_set(err, ERR_REFUSED, "key \"members\": %s: its "
			       "sizes are not possible", SHOWN(member->name));
	return 0;
}

/*
 * Members by group, within it by object in the order of "objects", within that
 * by number from 1 without a gap.
 */
static int
check_members(const struct manifest *m, struct err *err)
{
	struct member_name before = { .group = MEMBER_GROUPS };
	size_t before_object = 0;

	for (size_t i = 0; i < m->members; i++) {
		const char *name = m->member[i].name;
		struct member_name now;
		size_t object = 0;
		bool same;

		if (!member_parse(&now, name) ||
		    !group_suits(m->kind, now.group))
			return err_set(err, ERR_REFUSED, "key \"members\": "
				       "%s is no member of such a bundle",
				       SHOWN(name));
		if (check_size(&m->member[i], now.group, err) < 0)
			return -1;
		if (member_by_object(now.group))
			object = object_index(m, now.object);
		if (object == m->objects && member_by_object(now.group))
			return err_set(err, ERR_REFUSED, "key \"members\": "
				       "%s: \"objects\" has no such object",
				       SHOWN(name));
		same = i > 0 && now.group == before.group &&
		       object == before_object;
		if (i > 0 && (now.group < before.group ||
			      (now.group == before.group &&
			       object < before_object)))
			return err_set(err, ERR_REFUSED, "key \"members\": "
				       "%s stands too late", SHOWN(name));
		if (now.group != MEMBER_SENDER &&
		    now.number != (same ? before.number + 1 : 1))
			return err_set(err, ERR_REFUSED, "key \"members\": "
				       "%s: they are numbered from 1 without "
				       "a gap", SHOWN(name));
		if (same && now.group == MEMBER_SENDER)
			return err_set(err, ERR_REFUSED, "key \"members\": "
				       "%s comes twice", SHOWN(name));
		before = now;
		before_object = object;
	}
	return 0;
}

/* What is published, and sender.pub in the bundles of first contact. */
static int
check_contact(const struct manifest *m, struct err *err)
{
	bool wanted = m->kind == MANIFEST_INVITATION ||
		      m->kind == MANIFEST_ANSWER;
	bool there = m->members > 0 &&
		     strcmp(m->member[0].name, "sender.pub") == 0;

	if (m->catalog_told && m->catalog == 0)
		return err_set(err, ERR_REFUSED, "key \"published.rows\": "
			       "what is told has a revision");
	if (wanted && !there)
		return err_set(err, ERR_REFUSED, "key \"members\": an "
			       "invitation or answer has sender.pub");
	return 0;
}

int
manifest_check(const struct manifest *m, struct err *err)
{
	if (check_kind(m, err) < 0 || check_from(m, err) < 0 ||
	    check_place(m, err) < 0 || check_notices(m, err) < 0 ||
	    check_objects(m, err) < 0 || check_members(m, err) < 0)
		return -1;
	return check_contact(m, err);
}
