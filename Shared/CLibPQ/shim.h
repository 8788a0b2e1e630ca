#pragma once
#include <libpq-fe.h>
#include <sys/eventfd.h>

// Swift imports character constants as CChar; PQresultErrorField takes an int.
static const int PG_DIAG_SEVERITY_CODE = PG_DIAG_SEVERITY_NONLOCALIZED;
static const int PG_DIAG_SQLSTATE_CODE = PG_DIAG_SQLSTATE;
static const int PG_DIAG_MESSAGE_CODE = PG_DIAG_MESSAGE_PRIMARY;
static const int PG_DIAG_DETAIL_CODE = PG_DIAG_MESSAGE_DETAIL;
static const int PG_DIAG_CONSTRAINT_CODE = PG_DIAG_CONSTRAINT_NAME;
static const int PG_DIAG_FUNCTION_CODE = PG_DIAG_SOURCE_FUNCTION;
