/* Names of other tools, with the name that does the same here. Names are compared without case, underscores and signs,
 * so orderBy and $or are found too. */
#include "query/bind.h"

/* The first word of a line is right here, the others are what people write for it. The first line that fits counts. */
static const char *const meanings[] = {
    /* arguments */
    "take limit first top max_results page_size per_page size count_limit",
    "limit take first top",
    "skip offset start from page",
    "where filter filters condition conditions criteria query find match",
    "order_by order sort sort_by ordering sorting",
    "select fields columns attributes attrs pick only returning projection return",
    "include with joins join relations populate preload eager eager_load includes load options",
    "omit exclude except hidden without",
    "data values fields row rows record records body input payload attributes set",
    "distinct unique distinct_on",
    "cursor after before start_after",
    "by group_by group",
    "lock for_update locking",
    "skip_duplicates ignore_duplicates ignore on_conflict_do_nothing ignore_conflicts",
    "on conflict on_conflict conflict_target unique_by key keys update_on conflict_fields",
    "create insert defaults new build",
    "update set on_duplicate update_on_duplicate values",
    "_count count size",
    "_sum sum",
    "_avg avg average mean",
    "_min min minimum",
    "_max max maximum",
    /* conditions */
    "equals eq equal equal_to is = == value",
    "not ne neq not_equals not_equal <> != ~= is_not differs not_like not_null",
    "in is_in any any_of one_of within",
    "not_in nin none_of not_any",
    "gt > greater greater_than above after more_than",
    "gte >= ge min at_least greater_than_or_equal greater_than_equal greater_or_equal between from since",
    "lt < less less_than below before under",
    "lte <= le max at_most less_than_or_equal less_than_equal less_or_equal to until",
    "contains like ilike i_like includes include substring regex regexp matches icontains has",
    "starts_with start_with begins_with prefix startswith istartswith",
    "ends_with end_with suffix iendswith",
    "search match full_text fts",
    "mode case case_insensitive insensitive case_sensitive",
    "has contains includes include any in",
    "has_every has_all contains_all all every",
    "has_some has_any contains_any overlap overlaps any_of some",
    "is_empty empty",
    "array_contains contains has includes",
    "string_contains like ilike matches",
    "AND all all_of",
    "OR any any_of either",
    "NOT none_of negate",
    "some any has exists includes contains",
    "every all",
    "none no not not_any",
    "is eq equals",
    "is_not not ne",
    /* writing */
    "increment inc increase plus add",
    "decrement dec decrease minus subtract sub",
    "multiply mul times",
    "divide div",
    "push append add concat",
    "connect attach link associate add",
    "disconnect detach unlink remove dissociate",
    "connect_or_create find_or_create first_or_create",
    "create_many insert_many bulk_create",
    "delete destroy remove",
    "delete_many destroy_all delete_all",
    "update_many update_all",
    "upsert save insert_or_update",
    "set replace assign",
    "sort order direction dir",
    "nulls nulls_first nulls_last",
};

static bool is_sign(char c) {
  return c == '=' || c == '<' || c == '>' || c == '!' || c == '~';
}

/* Returns the next letter that counts, in lower case; 0 at the end. */
static char next_letter(rl_str s, size_t *at, bool signs) {
  while (*at < s.len) {
    char c = s.p[(*at)++];
    if (c >= 'A' && c <= 'Z') return (char)(c | 0x20);
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80 || (signs && is_sign(c))) return c;
  }
  return 0;
}

static bool same_name(rl_str a, rl_str b, bool signs) {
  size_t i = 0, k = 0;
  char c;
  do {
    c = next_letter(a, &i, signs);
    if (c != next_letter(b, &k, signs)) return false;
  } while (c);
  return true;
}

static rl_str next_word(const char **at) {
  while (**at == ' ') ++*at;
  const char *from = *at;
  while (**at && **at != ' ') ++*at;
  return rl_str_make(from, (size_t)(*at - from));
}

static bool line_has_word(const char *line, rl_str written) {
  (void)next_word(&line);
  for (rl_str word; (word = next_word(&line)).len > 0;)
    if (same_name(word, written, true)) return true;
  return false;
}

rl_str rl_by_meaning(rl_str written, const rl_choices *names) {
  size_t at = 0;
  if (!next_letter(written, &at, true)) return (rl_str){NULL, 0};
  for (size_t i = 0; i < names->count; i++)
    if (same_name(names->items[i], written, false) && next_letter(names->items[i], &(size_t){0}, false))
      return names->items[i];
  for (size_t i = 0; i < RL_COUNT_OF(meanings); i++) {
    const char *line = meanings[i];
    rl_str right = next_word(&line);
    if (!line_has_word(meanings[i], written)) continue;
    for (size_t k = 0; k < names->count; k++)
      if (rl_str_eq(names->items[k], right)) return names->items[k];
  }
  return (rl_str){NULL, 0};
}
