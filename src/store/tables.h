/*
 * The home's own tables, as SQL that a person reads: what each is for stands
 * above it, here and in org.db itself.
 */
#ifndef STORE_TABLES_H
#define STORE_TABLES_H

extern const char tables_sql[];

#endif
