/* Partners' keys: see partners.h. */
#include "flow/partners.h"

#include <stdlib.h>
#include <string.h>

struct partner {
	struct bundle_peer peer;
	char name[LIMIT_TEXT + 1]; /* the connection's */
};

static int
add_partner(void *ctx, const struct connection *c, struct err *err)
{
	struct partners *p = ctx;
	struct partner *grown;

	/* Not before a person has confirmed whose key it is. */
	if (!c->has_key || !c->confirmed)
		return 0;
	grown = realloc(p->partner, (p->count + 1) * sizeof *grown);
	if (!grown)
		return err_memory(err);
	p->partner = grown;
	grown += p->count++;
	grown->peer = (struct bundle_peer){ .key = c->partner,
					    .seals = c->seals };
	memcpy(grown->peer.sealing, c->sealing, KEYS_SEAL_PUBLIC);
	memcpy(grown->name, c->name, sizeof grown->name);
	return 0;
}

static const struct partner *
with_key(const struct partners *p, const uint8_t id[static KEYS_ID])
{
	for (size_t i = 0; i < p->count; i++)
		if (memcmp(p->partner[i].peer.key.id, id, KEYS_ID) == 0)
			return &p->partner[i];
	return NULL;
}

static const struct bundle_peer *
find_partner(void *ctx, const uint8_t id[static KEYS_ID])
{
	const struct partners *p = ctx;
	const struct partner *found;

	if (memcmp(p->own.key.id, id, KEYS_ID) == 0)
		return &p->own;
	found = with_key(p, id);
	return found ? &found->peer : NULL;
}

int
partners_read(struct partners *p, struct home *home, struct err *err)
{
	*p = (struct partners){
		.own = { .key = *key_pair_public(home_keys(home)) },
		.keys = { .own = home_keys(home), .find = find_partner,
			  .ctx = p,
			  .unknown = "which is no confirmed partner's here: "
				     "import their invitation or answer "
				     "first, and confirm its fingerprint" },
	};
	return connection_each(home_store(home), add_partner, p, err);
}

void
partners_release(struct partners *p)
{
	free(p->partner);
	*p = (struct partners){ .count = 0 };
}

const char *
partners_name(const struct partners *p, const uint8_t id[static KEYS_ID])
{
	const struct partner *found = with_key(p, id);

	return found ? found->name : NULL;
}
