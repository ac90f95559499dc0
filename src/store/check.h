/*
 * Whether the tables of records, their marks and their logs agree with each
 * other, beyond what the database itself can tell.
 */
#ifndef STORE_CHECK_H
#define STORE_CHECK_H

#include "store/store.h"

/*
 * Every id is one, every change and base is of a record and a field that are
 * there, every mark of what it says. ERR_SYSTEM says what is not.
 */
int check_records(struct store *st, struct err *err);

#endif
