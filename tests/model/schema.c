#include "model/schema.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

Test(schema, fields_are_sorted_and_each_is_there_once)
{
	for (size_t i = 1; i < schema_fields_count; i++) {
		const struct schema_field *a = &schema_fields[i - 1];
		const struct schema_field *b = &schema_fields[i];
		int order = strcasecmp(a->object, b->object);

		cr_expect(order < 0 || (order == 0 &&
					strcasecmp(a->field, b->field) < 0),
			  "%s.%s, %s.%s", a->object, a->field, b->object,
			  b->field);
		cr_expect(order != 0 || strcmp(a->object, b->object) == 0,
			  "%s is also %s", a->object, b->object);
	}
}

Test(schema, objects_are_sorted_and_each_is_there_once)
{
	for (size_t i = 1; i < schema_objects_count; i++)
		cr_expect_lt(strcasecmp(schema_objects[i - 1].name,
					schema_objects[i].name),
			     0, "%s", schema_objects[i].name);
}

/* A row with `*` is found from the row before, so none may stand between. */
Test(schema, no_field_is_also_one_of_many)
{
	unsigned many = 0;

	for (size_t i = 0; i < schema_fields_count; i++) {
		const struct schema_field *f = &schema_fields[i];
		size_t len = strcspn(f->field, "*");

		cr_expect(strcmp(f->field + len, "*") == 0 ||
				  f->field[len] == 0,
			  "%s.%s", f->object, f->field);
		if (f->field[len] == 0)
			continue;
		many++;
		cr_expect_gt(len, 3, "%s.%s", f->object, f->field);
		for (size_t j = 0; j < schema_fields_count; j++)
			cr_expect(j == i ||
					  strcasecmp(schema_fields[j].object,
						     f->object) != 0 ||
					  strncasecmp(schema_fields[j].field,
						      f->field, len) != 0,
				  "%s.%s", f->object, schema_fields[j].field);
	}
	cr_expect_geq(many, 3);
}

static bool
is_object(const char *name, size_t len)
{
	for (size_t i = 0; i < schema_objects_count; i++)
		if (strlen(schema_objects[i].name) == len &&
		    memcmp(schema_objects[i].name, name, len) == 0)
			return true;
	return false;
}

Test(schema, rows_make_sense)
{
	for (size_t i = 0; i < schema_fields_count; i++) {
		const struct schema_field *f = &schema_fields[i];
		const char *to = f->references;

		cr_expect(strcmp(f->object, "*") == 0 ||
				  is_object(f->object, strlen(f->object)),
			  "%s", f->object);
		cr_expect_gt(f->type, VALUE_UNKNOWN, "%s.%s", f->object,
			     f->field);
		cr_expect_lt(f->type, VALUE_TYPES, "%s.%s", f->object,
			     f->field);
		cr_expect_eq(to != NULL, f->type == VALUE_REFERENCE, "%s.%s",
			     f->object, f->field);
		while (to && *to) {
			size_t len = strcspn(to, "\n");

			cr_expect(is_object(to, len), "%s.%s refers to %s",
				  f->object, f->field, to);
			to += len;
			if (*to == '\n')
				cr_expect_neq(*++to, 0, "%s.%s", f->object,
					      f->field);
		}
	}
}

/* Salesforce names its references after what they are. */
Test(schema, what_is_called_an_id_is_one)
{
	static const char *const others[] = { "ExternalId", "Uuid" };

	for (size_t i = 0; i < schema_fields_count; i++) {
		const struct schema_field *f = &schema_fields[i];
		size_t len = strlen(f->field);
		bool called = len >= 2 && !strcmp(f->field + len - 2, "Id");
		bool is = f->type == VALUE_ID || f->type == VALUE_REFERENCE;

		for (size_t o = 0; o < sizeof others / sizeof *others; o++)
			if (strcmp(f->field, others[o]) == 0)
				called = false;
		cr_expect_eq(called, is, "%s.%s", f->object, f->field);
	}
}

/* And its flags and dates. */
Test(schema, what_is_called_a_date_or_a_flag_is_one)
{
	for (size_t i = 0; i < schema_fields_count; i++) {
		const struct schema_field *f = &schema_fields[i];
		const char *s = f->field;
		size_t len = strlen(s);
		bool flag = (!strncmp(s, "Is", 2) && isupper(s[2])) ||
			    (!strncmp(s, "Has", 3) && isupper(s[3])) ||
			    (!strncmp(s, "Can", 3) && isupper(s[3]));
		bool date = (len > 4 && !strcmp(s + len - 4, "Date")) ||
			    (len > 8 && !strcmp(s + len - 8, "DateTime"));

		cr_expect(!flag || f->type == VALUE_BOOLEAN, "%s.%s",
			  f->object, s);
		cr_expect(!date || f->type == VALUE_DATE ||
				  f->type == VALUE_DATETIME,
			  "%s.%s", f->object, s);
	}
}

Test(schema, every_row_is_found_in_any_case)
{
	for (size_t i = 0; i < schema_fields_count; i++) {
		const struct schema_field *f = &schema_fields[i];
		char object[64], field[64];

		for (int upper = 0; upper < 2; upper++) {
			(void)snprintf(object, sizeof object, "%s", f->object);
			(void)snprintf(field, sizeof field, "%s", f->field);
			for (char *c = object; *c; c++)
				*c = (char)(upper ? toupper(*c) : tolower(*c));
			for (char *c = field; *c; c++)
				*c = (char)(upper ? toupper(*c) : tolower(*c));
			cr_expect_eq(schema_field(object, field), f, "%s.%s",
				     object, field);
		}
	}
}

struct field_case {
	const char *object, *field, *of;
	enum value_type type;
	const char *references;
};

static const struct field_case fields[] = {
	{ "Account", "ParentId", "Account", VALUE_REFERENCE, "Account" },
	{ "ACCOUNT", "PARENTID", "Account", VALUE_REFERENCE, "Account" },
	{ "Account", "Id", "*", VALUE_ID, NULL },
	{ "Account", "OwnerId", "Account", VALUE_REFERENCE, "User" },
	{ "Lead", "OwnerId", "*", VALUE_REFERENCE, "User\nGroup" },
	{ "Shipment__c", "OwnerId", "*", VALUE_REFERENCE, "User\nGroup" },
	{ "Shipment__c", "CreatedDate", "*", VALUE_DATETIME, NULL },
	{ "Shipment__c", "LastActivityDate", "*", VALUE_DATE, NULL },
	{ "Shipment__c", "Name", "*", VALUE_TEXT, NULL },
	{ "Contact", "Birthdate", "Contact", VALUE_DATE, NULL },
	{ "Contact", "MailingLatitude", "Contact", VALUE_NUMBER, NULL },
	{ "Opportunity", "Amount", "Opportunity", VALUE_CURRENCY, NULL },
	{ "Opportunity", "Probability", "Opportunity", VALUE_PERCENT, NULL },
	{ "Opportunity", "CloseDate", "Opportunity", VALUE_DATE, NULL },
	{ "Opportunity", "IsWon", "Opportunity", VALUE_BOOLEAN, NULL },
	{ "Opportunity", "StageName", "Opportunity", VALUE_PICKLIST, NULL },
	{ "Case", "ClosedDate", "Case", VALUE_DATETIME, NULL },
	{ "Case", "Description", "Case", VALUE_TEXTAREA, NULL },
	{ "CaseComment", "ParentId", "CaseComment", VALUE_REFERENCE, "Case" },
	{ "Task", "WhoId", "Task", VALUE_REFERENCE, "Contact\nLead" },
	{ "Task", "WhatId", "Task", VALUE_REFERENCE, "" },
	{ "Attachment", "ParentId", "Attachment", VALUE_REFERENCE, "" },
	{ "Attachment", "Body", "Attachment", VALUE_BASE64, NULL },
	{ "AccountContactRelation", "Roles", "AccountContactRelation",
	  VALUE_MULTIPICKLIST, NULL },
	{ "User", "userPreferencesContentNoEmail", "User", VALUE_BOOLEAN,
	  NULL },
	{ "Profile", "PermissionsApiEnabled", "Profile", VALUE_BOOLEAN, NULL },
	{ "User", "UserRoleId", "User", VALUE_REFERENCE, "UserRole" },
	/* not known */
	{ "User", "UserPermissions", NULL, VALUE_UNKNOWN, NULL },
	{ "User", "UserPreference", NULL, VALUE_UNKNOWN, NULL },
	{ "Account", "PermissionsApiEnabled", NULL, VALUE_UNKNOWN, NULL },
	{ "Account", "ParentI", NULL, VALUE_UNKNOWN, NULL },
	{ "Account", "ParentIdx", NULL, VALUE_UNKNOWN, NULL },
	{ "Accoun", "ParentId", NULL, VALUE_UNKNOWN, NULL },
	{ "Accounts", "ParentId", NULL, VALUE_UNKNOWN, NULL },
	{ "Shipment__c", "ParentId", NULL, VALUE_UNKNOWN, NULL },
	{ "Account", "Region__c", NULL, VALUE_UNKNOWN, NULL },
	{ "Account", "", NULL, VALUE_UNKNOWN, NULL },
	{ "", "ParentId", NULL, VALUE_UNKNOWN, NULL },
	{ "", "", NULL, VALUE_UNKNOWN, NULL },
	{ "~", "~", NULL, VALUE_UNKNOWN, NULL },
	{ "Account", "Par\xc3\xa9nt", NULL, VALUE_UNKNOWN, NULL },
};

Test(schema, looks_up_fields)
{
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		const struct field_case *c = &fields[i];
		const struct schema_field *f =
			schema_field(c->object, c->field);

		cr_expect_eq(f != NULL, c->of != NULL, "%s.%s", c->object,
			     c->field);
		if (!f || !c->of)
			continue;
		cr_expect_str_eq(f->object, c->of, "%s.%s", c->object,
				 c->field);
		cr_expect_eq(f->type, c->type, "%s.%s is %s", c->object,
			     c->field, value_type_word(f->type));
		cr_expect_eq(f->references != NULL, c->references != NULL);
		if (f->references && c->references)
			cr_expect_str_eq(f->references, c->references);
	}
}

Test(schema, prefixes_are_three_characters_and_one_object_s)
{
	for (size_t i = 0; i < schema_objects_count; i++) {
		const char *p = schema_objects[i].prefix;

		if (!p)
			continue;
		cr_expect_eq(strlen(p), 3, "%s", p);
		for (const char *c = p; *c; c++)
			cr_expect(isalnum((unsigned char)*c), "%s", p);
		for (size_t j = 0; j < i; j++)
			cr_expect(!schema_objects[j].prefix ||
					  strcmp(schema_objects[j].prefix, p),
				  "%s", p);
	}
}

Test(schema, looks_up_objects)
{
	cr_expect_str_eq(schema_prefix("Account"), "001");
	cr_expect_str_eq(schema_prefix("opportunitylineitem"), "00k");
	cr_expect_str_eq(schema_prefix("OPPORTUNITYCONTACTROLE"), "00K");
	cr_expect_str_eq(schema_prefix("UserRole"), "00E");
	cr_expect_str_eq(schema_prefix("Profile"), "00e");
	cr_expect_null(schema_prefix("PartnerNetworkConnection"));
	cr_expect_null(schema_prefix("Shipment__c"));
	cr_expect_null(schema_prefix("*"));
	cr_expect_null(schema_prefix(""));
	cr_expect_str_eq(schema_object("contentdocumentLINK"),
			 "ContentDocumentLink");
	cr_expect_null(schema_object("Account2"));
	cr_expect_null(schema_object("Accoun"));
	cr_expect_null(schema_object("~"));
}
