/*
 * generate: one day's snapshot of a made-up Salesforce org, for tests.
 *
 * The org has five objects, each written as a CSV in the dialect of the API.
 * RECORDS is its size on day 1. On each later day RECORDS / 100 records are
 * edited, RECORDS * 3 / 1000 are new and RECORDS / 1000 of those of day 1 are
 * removed; a reference to a removed record is cleared, as one more edit.
 *
 * Nothing is remembered from one row to the next. A row is a function of
 * (seed, object, row number, day): every cell has dice of its own, a hash of
 * just that, and a row is replayed from the day of its birth to the day asked
 * for. Which rows are edited or removed on a day must be exact in number and
 * yet known to each row alone, so it is read off a permutation of the rows:
 * those that land on the first places are the ones. With whole numbers only,
 * the same arguments give the same bytes on every machine.
 *
 * What a column holds is a pattern, its alternatives parted by '|', the front
 * ones the likelier: # is a digit, * one from 1 to 9, >Name the id of a record
 * of that object, and %x what rule x, or draw(), makes of x.
 */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum {
	EXIT_USAGE = 2,
	EXIT_IO = 5,
	RECORDS_MAX = 1000000000,
	DAY_MAX = 100, /* in a thousand, nobody would be left of day 1 */
	NEVER = DAY_MAX + 1,
	DAY_SECONDS = 24 * 60 * 60,
	DAY_ONE = 1795327200,		    /* 2026-11-22T06:00:00Z */
	OLDEST_AGE = 3 * 365 * DAY_SECONDS, /* of a record, on day 1 */
	USERS = 400,
	OBJECTS = 5,
	COLUMNS_MAX = 32, /* row_edit() keeps a set of them in 32 bits */
	CELL_MAX = 1000,
	PATH_LEN = 4096,
	DATE = 10, /* the length of one, */
	DATETIME = 24,
};

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof(*(array))))

/*
 * The data. A rule with a capital is drawn once for each record, and one
 * like the other if they are as long, so that a city lies in its country.
 */
static const char *const rules[128] = {
	['w'] = "the|to|and|of|for|order|customer|is|with|on|delivery|please|"
		"we|will|invoice|by|after|renewal|pallet|customs|quote|team|"
		"next|week|price|agreed|not|yet|received|damaged|returned|"
		"warranty|label|driver|asked|call|back|manager|sensor|pump",
	['o'] = "\"as agreed\"|Übergabe|café|5\" pipe|Łódź|東京|“rush”|naïve|"
		"смета|€ 120,50|👍|\"A\"|Ægir|Ελλάδα|½",
	['p'] = "%w %w %w %w|%w %w %w %w %w|%w %w, %w %w %w|%w %w %w %o %w|"
		"%w %w %w %w %w %w, %w %w %w|%o %w %w %w %w, %w %o",
	['x'] = "%p.|%p. %p.|%p. %p. %p.|%p.\n%p. %p. %p.|%p:\n- %p\n- %p|"
		"%p. %p. %p.\n\n%p. %p. %p. %p. %p.",
	['a'] = "Main Street|Oak Avenue|Mill Road|Harbor Way|Park Lane|River "
		"Road|Church Street|Hauptstraße|Rue de l'Église|Calle Peña",
	['f'] = "Northwind|Harbor|Summit|Atlas|Cedar|Beacon|Granite|Delta|"
		"Orchid|Falcon|Meadow|Copper|Polar|Union|Señora|Grün",
	['e'] = "info|sales|office|maria|jlopez|kim.weber|anna.b|p.clark|omar",
	['h'] = "northwind|harbor-foods|summit|atlas|cedar|beacon|gruen",
	['k'] = "Logistics|Foods|Systems|Energy|Freight|Medical|Textiles|"
		"Paper|Marine|Robotics|Builders|Optics",
	['g'] = "Maria|James|Anna|Wei|John|Fatima|Peter|Laura|Carlos|Emma|"
		"Hassan|Julia|Daniel|Priya|Omar|José|Zoë|Jürgen|Łukasz|美咲",
	['s'] = "Smith|Garcia|Miller|Chen|Patel|Brown|Wilson|Nguyen|Lopez|"
		"Martin|Johnson|Kim|Rossi|Weber|Singh|Lewis|Clark|Young|"
		"Silva|O'Brien|Müller|Núñez|Dvořák|Åberg|D'Angelo|田中",
	['C'] = "Chicago|Austin|Seattle|Boston|London|Montréal|München|"
		"São Paulo|Zürich|大阪",
	['S'] = "IL|TX|WA|MA||Québec|Bayern|SP||",
	['P'] = "606##|787##|981##|021##|203##|514##|803##|013##|80##|530##",
	['N'] = "United States|United States|United States|United States|"
		"United Kingdom|Canada|Germany|Brazil|Switzerland|Japan",
};

struct column {
	const char *name;
	uint32_t filled; /* in so many of 100 records */
	uint32_t edited; /* so often, against the others of its record */
	const char *pattern;
};

enum { CREATED = 1, MODIFIED, MODSTAMP, TIMES };

static const struct column common[] = {
	{ "Id", 100, 0, "%i" },
	[CREATED] = { "CreatedDate", 100, 0, "%1" },
	[MODIFIED] = { "LastModifiedDate", 100, 0, "%2" },
	[MODSTAMP] = { "SystemModstamp", 100, 0, "%3" },
	{ "CreatedById", 100, 0, "%u" },
	{ "LastModifiedById", 100, 0, "%u" },
	{ "OwnerId", 100, 2, "%u" },
	{ "IsDeleted", 100, 0, "false" },
};

static const struct column account[] = {
	{ "Name", 100, 2,
	  "%s %f %k Inc.|%s %k LLC|%s %f %k GmbH|%f & %s, Ltd.|%s \"%f\" %k" },
	{ "Customer_Number__c", 100, 0, "C-%n" },
	{ "Type", 80, 4, "Customer - Direct|Prospect|Partner / Reseller" },
	{ "ParentId", 15, 1, ">Account" },
	{ "BillingStreet", 100, 3, "*## %a|*### %a|*# %a\nSuite *#" },
	{ "BillingCity", 100, 0, "%C" },
	{ "BillingState", 100, 0, "%S" },
	{ "BillingPostalCode", 100, 0, "%P" },
	{ "BillingCountry", 100, 0, "%N" },
	{ "Phone", 85, 3, "(*##) 555-####|+*# *# 555 ####" },
	{ "Website", 50, 1, "https://www.%h##.example" },
	{ "Industry", 70, 2,
	  "Technology|Retail|Energy|Food & Beverage|Banking" },
	{ "AnnualRevenue", 40, 3, "*##0000.0|*###000.0|*#######.##" },
	{ "NumberOfEmployees", 50, 3, "*#|*##|*|*###" },
	{ "Rating", 50, 4, "Warm|Hot|Cold" },
	{ "AccountSource", 40, 1, "Web|Phone Inquiry|Trade Show|Other" },
	{ "Active__c", 100, 2, "true|false" },
	{ "Primary_Contact__c", 50, 2, ">Contact" },
	{ "Description", 30, 3, "%x" },
};

static const struct column contact[] = {
	{ "AccountId", 95, 3, ">Account" },
	{ "ReportsToId", 15, 1, ">Contact" },
	{ "Salutation", 50, 1, "Ms.|Mr.|Dr.|Prof." },
	{ "FirstName", 97, 1, "%g" },
	{ "LastName", 100, 1, "%s" },
	{ "Title", 75, 4, "Buyer|CFO|Plant Manager|VP, Operations|Engineer" },
	{ "Department", 40, 2, "Purchasing|Finance|IT|Research & Development" },
	{ "Email", 85, 4, "%e###@%h.example" },
	{ "Phone", 70, 4, "(*##) 555-####|+*# *# 555 ####" },
	{ "MobilePhone", 50, 3, "(*##) 555-####" },
	{ "MailingStreet", 100, 3, "*## %a|*### %a|*# %a\nApt. *#" },
	{ "MailingCity", 100, 0, "%C" },
	{ "MailingState", 100, 0, "%S" },
	{ "MailingPostalCode", 100, 0, "%P" },
	{ "MailingCountry", 100, 0, "%N" },
	{ "Birthdate", 10, 0, "19*#-0*-1#|19*#-12-0*" },
	{ "LeadSource", 30, 1, "Web|Partner Referral|Trade Show|Other" },
	{ "HasOptedOutOfEmail", 100, 2, "false|false|false|true" },
	{ "Description", 20, 2, "%x" },
};

static const struct column opportunity[] = {
	{ "AccountId", 98, 1, ">Account" },
	{ "ContactId", 60, 2, ">Contact" },
	{ "Name", 100, 2, "%s %k: %w %w|%s: %w %w %w|%s %f, %o %w" },
	{ "StageName", 100, 9,
	  "Qualification|Proposal|Closed Won|Closed Lost" },
	{ "Amount", 90, 6, "*###.0|*##00.0|*####.##" },
	{ "Probability", 100, 5, "*0|*5|100|0" },
	{ "CloseDate", 100, 6, "%d" },
	{ "Type", 70, 2, "New Customer|Existing Customer - Upgrade|Renewal" },
	{ "LeadSource", 50, 1, "Web|Partner Referral|Trade Show|Other" },
	{ "NextStep", 40, 6, "%w %w %w|%p" },
	{ "CurrencyIsoCode", 100, 0, "USD|EUR|GBP|JPY" },
	{ "IsPrivate", 100, 1, "false|false|false|true" },
	{ "Needs_Installation__c", 100, 1, "false|true" },
	{ "Ship_On__c", 40, 3, "%d" },
	{ "Discount__c", 25, 3, "*.0|*#.0|*.*#" },
	{ "Description", 35, 4, "%x" },
};

static const struct column support_case[] = {
	{ "CaseNumber", 100, 0, "%n" },
	{ "AccountId", 90, 1, ">Account" },
	{ "ContactId", 85, 1, ">Contact" },
	{ "ParentId", 5, 1, ">Case" },
	{ "SuppliedEmail", 40, 0, "%e###@%h.example" },
	{ "Subject", 97, 2, "%p|%w %w %w" },
	{ "Status", 100, 9, "New|Working|Escalated|On Hold|Closed" },
	{ "Reason", 60, 3, "Breakdown|Installation|Late|User didn't know" },
	{ "Origin", 100, 0, "Email|Phone|Web" },
	{ "Priority", 100, 4, "Medium|High|Low" },
	{ "Product__c", 60, 2, "GC10#0|GC30#0|SL*000" },
	{ "IsEscalated", 100, 3, "false|false|true" },
	{ "ClosedDate", 70, 4, "%t" },
	{ "Resolution__c", 15, 4, "%x" },
	{ "Description", 55, 2, "%x" },
};

static const struct column shipment[] = {
	{ "Name", 100, 0, "S-%n" },
	{ "Sender__c", 95, 1, ">Account" },
	{ "Receiver__c", 90, 2, ">Account" },
	{ "Opportunity__c", 50, 1, ">Opportunity" },
	{ "Replaces__c", 5, 1, ">Shipment__c" },
	{ "Regarding__c", 40, 2,
	  ">Contact|>Case|>Account|>Opportunity|>Shipment__c" },
	{ "Status__c", 100, 9, "Packed|In Transit|At Customs|Delivered|Lost" },
	{ "Carrier__c", 90, 2, "DHL|UPS|FedEx|La Poste" },
	{ "Tracking_Number__c", 80, 2, "1Z############|*###########" },
	{ "Shipped_On__c", 70, 3, "%d" },
	{ "Delivered_At__c", 60, 5, "%t" },
	{ "Weight__c", 90, 2, "*#.0|*.#*|*##.0" },
	{ "Pieces__c", 90, 2, "*|*#" },
	{ "Insured__c", 100, 1, "false|true" },
	{ "Instructions__c", 40, 3, "%x" },
};

static const struct object {
	const char *name, *prefix;
	uint32_t share, columns; /* share: of 100 records */
	const struct column *column;
} objects[OBJECTS] = {
	{ "Account", "001", 15, COUNT(account), account },
	{ "Contact", "003", 30, COUNT(contact), contact },
	{ "Opportunity", "006", 20, COUNT(opportunity), opportunity },
	{ "Case", "500", 15, COUNT(support_case), support_case },
	{ "Shipment__c", "a0B", 20, COUNT(shipment), shipment },
};

/*
 * The org: the same, made ready, and sized.
 */
struct rule {
	uint32_t n;
	const char *at[64];
};

struct population {
	const struct object *object;
	uint64_t key;
	uint32_t start;			/* records on day 1 */
	uint32_t edits, births, deaths; /* on each later day */
	uint32_t columns;
	const struct column *column[COLUMNS_MAX];
	struct rule rule[COLUMNS_MAX];
};

struct org {
	uint64_t seed;
	uint32_t day;
	bool shuffled;
	struct rule rule[COUNT(rules)];
	struct population of[OBJECTS];
};

struct cell {
	uint32_t until; /* the day on which the record it refers to goes */
	size_t len;
	char text[CELL_MAX];
};

struct row {
	const struct org *org;
	const struct population *of;
	uint64_t key;
	uint32_t number, rank;
	uint32_t day; /* as of which it stands here */
	uint32_t time[TIMES];
	bool newborn;  /* the cell is drawn for the first time, */
	uint64_t dice; /* with these */
	struct cell cell[COLUMNS_MAX];
};

static uint64_t
hash(uint64_t key, uint64_t what)
{
	uint64_t x = key + (what + 1) * 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

/* One of 0 to n - 1. */
static uint32_t
roll(uint64_t *dice, uint32_t n)
{
	return (uint32_t)((hash((*dice)++, 0) >> 32) * n >> 32);
}

/* The same, but the lower of two throws. */
static uint32_t
roll_low(uint64_t *dice, uint32_t n)
{
	uint64_t both = hash((*dice)++, 0);
	uint64_t a = (both >> 32) * n >> 32, b = (both & UINT32_MAX) * n >> 32;

	return (uint32_t)(a < b ? a : b);
}

/*
 * Where i stands when 0 to n - 1 are shuffled. Each step can be undone within
 * the bits of n, so no two share a place; one that lands beyond n walks on.
 */
static uint32_t
permute(uint32_t i, uint32_t n, uint64_t key)
{
	uint64_t x = i, mask;
	int bits = 1;

	while ((n - 1) >> bits)
		bits++;
	mask = ((uint64_t)1 << bits) - 1;
	do {
		for (int round = 0; round < 4; round++) {
			x = (x + (key >> 8 * round)) * 0x9e3779b97f4a7c15;
			x &= mask;
			x ^= x >> (bits + 1) / 2;
		}
	} while (x >= n);
	return (uint32_t)x;
}

/*
 * What happens to whom, and when. Removals take the records of day 1 by rank;
 * a record born later has its number for a rank.
 */
static uint32_t
rank_of(const struct population *p, uint32_t number)
{
	return number < p->start ? permute(number, p->start, p->key) : number;
}

static uint32_t
removal_day(const struct population *p, uint32_t rank)
{
	if (rank >= p->start || p->deaths == 0)
		return NEVER;
	return 2 + rank / p->deaths;
}

static uint32_t
born_until(const struct population *p, uint32_t day)
{
	return p->start + (day - 1) * p->births;
}

/* Of a record that was there the day before, and still is. */
static bool
is_edited(const struct population *p, uint32_t rank, uint32_t day)
{
	uint32_t gone = (day - 1) * p->deaths;
	uint32_t n = born_until(p, day - 1) - gone;

	return permute(rank - gone, n, hash(p->key, day)) < p->edits;
}

static uint32_t
snapshot_time(uint32_t day)
{
	return DAY_ONE + (day - 1) * DAY_SECONDS;
}

/* Some time in the day that a snapshot closes; not in its last seconds. */
static uint32_t
time_within(uint64_t *dice, uint32_t day)
{
	return snapshot_time(day) - 10 - roll(dice, DAY_SECONDS - 10);
}

/*
 * Cells are filled by appending.
 */
static void
put(struct cell *c, char ch)
{
	assert(c->len < CELL_MAX);
	c->text[c->len++] = ch;
}

static void
put_number(struct cell *c, uint32_t n, uint32_t width)
{
	if (n > 9 || width > 1)
		put_number(c, n / 10, width > 1 ? width - 1 : 1);
	put(c, (char)('0' + n % 10));
}

/* As much of it as len says. */
static void
put_time(struct cell *c, time_t t, size_t len)
{
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(c->text + c->len, CELL_MAX - c->len, "%Y-%m-%dT%H:%M:%S.000Z",
		 &tm);
	c->len += len;
}

/* Fifteen characters, and three that tell which of them are capitals. */
static void
put_id(struct cell *c, const char *prefix, uint64_t number)
{
	static const char base62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz";
	static const char check[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
	char *id = c->text + c->len;
	uint32_t capitals = 0;

	assert(c->len + 18 <= CELL_MAX);
	c->len += 18;
	memcpy(id, prefix, 3);
	memcpy(id + 3, "5g0", 3);
	for (int i = 14; i >= 6; number /= 62)
		id[i--] = base62[number % 62];
	for (int i = 0; i < 15; i++)
		capitals |= (uint32_t)(id[i] >= 'A' && id[i] <= 'Z') << i;
	for (int i = 0; i < 3; i++)
		id[15 + i] = check[capitals >> 5 * i & 31];
}

/* Ids ascend with the row's number, and leave gaps. */
static void
put_record_id(struct cell *c, const struct population *p, uint32_t number)
{
	uint64_t gap = hash(p->key, number) % 7;

	put_id(c, p->object->prefix, 91000000 + (uint64_t)number * 7 + gap);
}

/* Refer to a record of the object named; return the name's last letter. */
static const char *
draw_reference(struct row *r, struct cell *c, const char *name)
{
	size_t len = strcspn(name, "|");
	const struct population *p = r->org->of;
	uint32_t n;

	while (strncmp(name, p->object->name, len) != 0)
		p++;
	n = born_until(p, r->day);
	for (int tries = 0; n > 0 && tries < 20; tries++) {
		uint32_t number = roll_low(&r->dice, n);
		uint32_t until = removal_day(p, rank_of(p, number));

		if (until <= r->day || (p == r->of && number == r->number))
			continue;
		c->until = until;
		put_record_id(c, p, number);
		break;
	}
	return name + len - 1;
}

static void draw(struct row *r, struct cell *c, char what);

/* Put one of the alternatives, picked with the dice. */
static void
expand(struct row *r, struct cell *c, const struct rule *rule, uint64_t *dice)
{
	const char *s = rule->at[rule->n > 1 ? roll_low(dice, rule->n) : 0];

	for (; *s != '|' && *s != '\0'; s++) {
		if (*s == '#')
			put(c, (char)('0' + roll(&r->dice, 10)));
		else if (*s == '*')
			put(c, (char)('1' + roll(&r->dice, 9)));
		else if (*s == '>')
			s = draw_reference(r, c, s + 1);
		else if (*s == '%')
			draw(r, c, *++s);
		else
			put(c, *s);
	}
}

static void
draw(struct row *r, struct cell *c, char what)
{
	const struct rule *rule = &r->org->rule[(size_t)what];
	bool capital = what >= 'A' && what <= 'Z';
	uint64_t once = hash(r->key, rule->n);
	uint32_t created = r->time[CREATED];
	uint32_t age = snapshot_time(r->day) - created;

	if (what == 'i') /* its own id */
		put_record_id(c, r->of, r->number);
	else if (what == 'u') /* a user */
		put_id(c, "005", 410000 + 31 * roll_low(&r->dice, USERS));
	else if (what == 'n') /* a number of its own */
		put_number(c, 1001 + r->number, 8);
	else if (what == 'd') /* a date after it was made */
		put_time(c, created + roll(&r->dice, 400) * DAY_SECONDS, DATE);
	else if (what == 't') /* a time between then and the snapshot */
		put_time(c, created + roll(&r->dice, age), DATETIME);
	else if (what >= '1' && what <= '3')
		put_time(c, r->time[what - '0'], DATETIME);
	else
		expand(r, c, rule, capital && r->newborn ? &once : &r->dice);
}

/*
 * Rows.
 */
static void
row_draw(struct row *r, uint32_t column, uint32_t try)
{
	uint32_t filled = r->of->column[column]->filled;
	struct cell *c = &r->cell[column];

	r->newborn = try == 0;
	r->dice = hash(r->key, (r->day * 64 + try) * 64 + column);
	c->len = 0;
	c->until = NEVER;
	if (filled == 100 || roll(&r->dice, 100) < filled)
		expand(r, c, &r->of->rule[column], &r->dice);
}

/* Draw until it is another text; false if none comes. */
static bool
row_change(struct row *r, uint32_t column)
{
	const struct cell *c = &r->cell[column];
	const struct cell old = *c;

	for (uint32_t try = 1; try < 10; try++) {
		row_draw(r, column, try);
		if (c->len != old.len || memcmp(c->text, old.text, c->len) != 0)
			return true;
	}
	return false;
}

static void
row_touch(struct row *r, uint32_t modified)
{
	r->time[MODIFIED] = modified;
	r->time[MODSTAMP] = modified + roll_low(&r->dice, 3);
	row_draw(r, MODIFIED, 0);
	row_draw(r, MODSTAMP, 0);
}

/* The record as it was on the day of its birth. */
static void
row_create(struct row *r, uint32_t number)
{
	const struct population *p = r->of;
	uint32_t created, later = 0;

	r->number = number;
	r->rank = rank_of(p, number);
	r->day = number < p->start ? 1 : 2 + (number - p->start) / p->births;
	r->key = hash(hash(p->key, 0), number);
	r->dice = r->key;
	created = time_within(&r->dice, r->day);
	if (r->day == 1)
		created -= (uint32_t)((uint64_t)(p->start - number) *
				      OLDEST_AGE / p->start);
	r->time[CREATED] = created;
	if (roll(&r->dice, 3) > 0)
		later = roll_low(&r->dice, snapshot_time(r->day) - 5 - created);
	for (uint32_t i = 0; i < p->columns; i++)
		row_draw(r, i, 0);
	row_touch(r, created + later);
}

/* One to three columns change, picked by weight. */
static void
row_edit(struct row *r)
{
	const struct column *const *column = r->of->column;
	uint64_t dice = hash(r->key, r->day);
	uint32_t left = 1 + roll(&dice, 3), done = 0, sum = 0;

	for (uint32_t i = 0; i < r->of->columns; i++)
		sum += column[i]->edited;
	while (left > 0) {
		uint32_t i = 0, at = roll(&dice, sum);

		for (; at >= column[i]->edited; i++)
			at -= column[i]->edited;
		if (done >> i & 1 || !row_change(r, i))
			continue;
		done |= (uint32_t)1 << i;
		left--;
	}
}

/* Clear what refers to the records that go this day. */
static bool
row_clear(struct row *r)
{
	bool cleared = false;

	for (uint32_t i = 0; i < r->of->columns; i++) {
		if (r->cell[i].until != r->day)
			continue;
		r->cell[i].until = NEVER;
		r->cell[i].len = 0;
		cleared = true;
	}
	return cleared;
}

/* Replay the record's life up to the day of the snapshot. */
static void
row_make(struct row *r, uint32_t number)
{
	row_create(r, number);
	while (r->day++ < r->org->day) {
		bool edited = is_edited(r->of, r->rank, r->day);
		bool cleared = row_clear(r);

		if (edited)
			row_edit(r);
		if (edited || cleared) {
			r->dice = hash(r->key, DAY_MAX + r->day);
			row_touch(r, time_within(&r->dice, r->day));
		}
	}
}

/* The cells, quoted; at worst, each byte is a quote. */
static void
row_write(const struct row *r, FILE *f)
{
	static char line[COLUMNS_MAX * (2 * CELL_MAX + 3)];
	char *to = line;

	for (uint32_t i = 0; i < r->of->columns; i++) {
		const struct cell *c = &r->cell[i];

		*to++ = '"';
		for (size_t k = 0; k < c->len; k++) {
			if (c->text[k] == '"')
				*to++ = '"';
			*to++ = c->text[k];
		}
		*to++ = '"';
		*to++ = ',';
	}
	to[-1] = '\n';
	fwrite(line, 1, (size_t)(to - line), f);
}

/*
 * Files.
 */
static _Noreturn void
fail(int status, const char *what, const char *why)
{
	fprintf(stderr, "generate: %s: %s\n", what, why);
	exit(status);
}

static void
write_object(const struct org *org, const struct population *p, const char *dir)
{
	static struct row row;
	static char buffer[1 << 16], path[PATH_LEN + 32];
	uint32_t n = born_until(p, org->day);
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.csv", dir, p->object->name);
	f = fopen(path, "w");
	if (f == NULL)
		fail(EXIT_IO, path, strerror(errno));
	setvbuf(f, buffer, _IOFBF, sizeof(buffer));
	for (uint32_t i = 0; i < p->columns; i++)
		fprintf(f, "\"%s\"%c", p->column[i]->name,
			i + 1 < p->columns ? ',' : '\n');
	row.org = org;
	row.of = p;
	for (uint32_t i = 0; i < n && !ferror(f); i++) {
		uint32_t number = i;

		if (org->shuffled)
			number = permute(i, n, hash(p->key, NEVER));
		if (removal_day(p, rank_of(p, number)) <= org->day)
			continue;
		row_make(&row, number);
		row_write(&row, f);
	}
	if (ferror(f) || fclose(f) != 0)
		fail(EXIT_IO, path, strerror(errno));
}

static bool
is_ours(const char *name)
{
	char file[32];

	for (int i = 0; i < OBJECTS; i++) {
		snprintf(file, sizeof(file), "%s.csv", objects[i].name);
		if (strcmp(name, file) == 0)
			return true;
	}
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Make dir unless it is there, and refuse one that holds other files. */
static void
claim_directory(const char *dir)
{
	const struct dirent *entry;
	DIR *d;

	if (mkdir(dir, 0777) < 0 && errno != EEXIST)
		fail(EXIT_IO, dir, strerror(errno));
	d = opendir(dir);
	if (d == NULL)
		fail(EXIT_IO, dir, strerror(errno));
	while ((entry = readdir(d)) != NULL)
		if (!is_ours(entry->d_name))
			fail(EXIT_USAGE, dir, "has other files than ours");
	closedir(d);
}

/*
 * Making ready.
 */
static void
rule_compile(struct rule *rule, const char *pattern)
{
	rule->at[rule->n++] = pattern;
	while ((pattern = strchr(pattern, '|')) != NULL) {
		assert(rule->n < COUNT(rule->at));
		rule->at[rule->n++] = ++pattern;
	}
}

static void
add_columns(struct population *p, const struct column *column, uint32_t n)
{
	assert(p->columns + n <= COLUMNS_MAX);
	for (uint32_t i = 0; i < n; i++) {
		rule_compile(&p->rule[p->columns], column[i].pattern);
		p->column[p->columns++] = &column[i];
	}
}

/* Of so many records, those of the object with this range of 100. */
static uint32_t
part(uint64_t whole, uint32_t from, uint32_t to)
{
	return (uint32_t)(whole * to / 100 - whole * from / 100);
}

static void
org_found(struct org *org, uint64_t records)
{
	uint32_t from, to = 0;

	for (size_t i = 0; i < COUNT(rules); i++)
		if (rules[i] != NULL)
			rule_compile(&org->rule[i], rules[i]);
	for (uint32_t i = 0; i < OBJECTS; i++) {
		struct population *p = &org->of[i];

		from = to;
		to += objects[i].share;
		p->object = &objects[i];
		p->key = hash(org->seed, i);
		p->start = part(records, from, to);
		p->edits = part(records / 100, from, to);
		p->births = part(records * 3 / 1000, from, to);
		p->deaths = part(records / 1000, from, to);
		add_columns(p, common, COUNT(common));
		add_columns(p, objects[i].column, objects[i].columns);
	}
}

/*
 * The command line.
 */
static const char usage[] =
	"usage: generate DIR RECORDS [--day N] [--same] [--shuffle] [--seed "
	"N]\n"
	"\n"
	"Write a snapshot of a made-up Salesforce org into DIR, one CSV for\n"
	"each of its five objects. The same arguments give the same bytes.\n"
	"\n"
	"  RECORDS    records in all on day 1, 1 to 1000000000\n"
	"  --day N    the org as it is on day N, 1 to 100 (1); on each day "
	"after\n"
	"             the first, 1 % of RECORDS are edited, 0.3 % are new and\n"
	"             0.1 % are removed\n"
	"  --same     a day on which nothing changed: the day before it, "
	"again\n"
	"  --shuffle  the rows of each file in another order\n"
	"  --seed N   another org (1)\n"
	"\n"
	"DIR is made if missing, and may hold nothing but the five files.\n"
	"Exit status: 0 written, 2 wrong arguments, 5 a file failed.\n";

static uint64_t
parse_number(const char *what, const char *s, uint64_t min, uint64_t max)
{
	size_t digits = s == NULL ? 0 : strspn(s, "0123456789");
	char why[80];

	if (digits > 0 && digits < 20 && s[digits] == '\0') {
		uint64_t n = strtoull(s, NULL, 10);

		if (n >= min && n <= max)
			return n;
	}
	snprintf(why, sizeof(why), "not a number from %llu to %llu",
		 (unsigned long long)min, (unsigned long long)max);
	fail(EXIT_USAGE, what, why);
}

int
main(int argc, char **argv)
{
	static struct org org = { .seed = 1, .day = 1 };
	const char *plain[2] = { NULL, NULL };
	bool same = false;
	int n = 0;

	for (int i = 1; i < argc; i++) {
		const char *arg = argv[i];

		if (strcmp(arg, "--help") == 0) {
			fputs(usage, stdout);
			return fclose(stdout) == 0 ? 0 : EXIT_IO;
		} else if (strcmp(arg, "--same") == 0)
			same = true;
		else if (strcmp(arg, "--shuffle") == 0)
			org.shuffled = true;
		else if (strcmp(arg, "--day") == 0)
			org.day = (uint32_t)parse_number(arg, argv[++i], 1,
							 DAY_MAX);
		else if (strcmp(arg, "--seed") == 0)
			org.seed = parse_number(arg, argv[++i], 0, INT64_MAX);
		else if (arg[0] == '-' || n == 2)
			fail(EXIT_USAGE, arg, "not an argument; see --help");
		else
			plain[n++] = arg;
	}
	if (n < 2)
		fail(EXIT_USAGE, "DIR and RECORDS", "missing; see --help");
	if (strlen(plain[0]) >= PATH_LEN)
		fail(EXIT_USAGE, "DIR", "too long");
	if (same && org.day-- == 1)
		fail(EXIT_USAGE, "--same", "needs --day 2 or later");
	org_found(&org, parse_number("RECORDS", plain[1], 1, RECORDS_MAX));
	claim_directory(plain[0]);
	for (int i = 0; i < OBJECTS; i++)
		write_object(&org, &org.of[i], plain[0]);
	return 0;
}
