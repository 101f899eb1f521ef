/* What can be done with a model: the methods in Lua. rille_action_get (rille/op.h) returns their names.
 * Made by core/tools/actions.lua from core/src/query/actions.def. */
#ifndef RILLE_ACTIONS_H
#define RILLE_ACTIONS_H

#include <stdint.h>

typedef int32_t rille_action;
#define RILLE_FIND_UNIQUE 1
#define RILLE_FIND_UNIQUE_OR_THROW 2
#define RILLE_FIND_FIRST 3
#define RILLE_FIND_FIRST_OR_THROW 4
#define RILLE_FIND_MANY 5
#define RILLE_CREATE 6
#define RILLE_CREATE_MANY 7
#define RILLE_CREATE_MANY_AND_RETURN 8
#define RILLE_UPDATE 9
#define RILLE_UPDATE_MANY 10
#define RILLE_UPDATE_MANY_AND_RETURN 11
#define RILLE_UPSERT 12
#define RILLE_UPSERT_MANY 13
#define RILLE_DELETE 14
#define RILLE_DELETE_MANY 15
#define RILLE_COUNT 16
#define RILLE_AGGREGATE 17
#define RILLE_GROUP_BY 18
#define RILLE_EXISTS 19

#endif
