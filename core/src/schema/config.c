/* The datasource and generator blocks. */
#include "schema/resolve.h"

static rl_item *find_key(rl_block *block, const char *name) {
  for (rl_item *i = block->items; i; i = i->next)
    if (i->kind == RL_ITEM_KEY && rl_str_is(i->name, name)) return i;
  return NULL;
}

/* Reports settings that are given twice. */
static void check_keys(rl_build *b, rl_block *block) {
  rl_map_dispose(&b->scratch);
  for (rl_item *i = block->items; i; i = i->next) {
    if (i->kind != RL_ITEM_KEY) continue;
    if (rl_map_get(&b->scratch, i->name))
      rl_report(b, i->name_span, "The setting `%.*s` is given twice.", RL_STR_ARG(i->name));
    rl_build_put(b, &b->scratch, i->name, i);
  }
}

static bool read_string_key(rl_build *b, rl_block *block, const char *name, rl_str *out) {
  rl_item *i = find_key(block, name);
  if (!i) return false;
  if (i->value->kind == RL_EXPR_STRING) {
    *out = i->value->value;
    return true;
  }
  rl_report(b, i->value->span, "`%s` must be a string in quotes, not %s.", name, rl_expr_noun(i->value));
  return false;
}

/* Reads url = "text" or url = env("NAME"). */
static void read_url_key(rl_build *b, rl_block *block, const char *name, rl_str *text, rl_str *env) {
  rl_item *i = find_key(block, name);
  if (!i) return;
  rl_ast_expr *e = i->value;
  if (e->kind == RL_EXPR_STRING) {
    *text = e->value;
  } else if (e->kind == RL_EXPR_CALL && rl_str_is(e->text, "env") && e->count == 1 && e->args->value &&
             e->args->value->kind == RL_EXPR_STRING) {
    *env = e->args->value->value;
  } else {
    rl_report(b, e->span, "`%s` must be a string in quotes or `env(\"NAME\")`.", name);
  }
}

/* Reads the names of a list: strings for schemas, constants or calls like uuid(map: "uuid-ossp") for extensions. */
static void read_names_key(rl_build *b, rl_block *block, const char *name, bool constants, rl_str **out,
                           size_t *count) {
  rl_item *i = find_key(block, name);
  if (!i) return;
  if (i->value->kind != RL_EXPR_ARRAY) {
    rl_report(b, i->value->span, "`%s` must be a list in brackets, not %s.", name, rl_expr_noun(i->value));
    return;
  }
  *out = RL_KEEP_ARRAY(b, rl_str, i->value->count);
  for (rl_ast_arg *a = i->value->args; a; a = a->next) {
    rl_ast_expr *e = a->value;
    bool fits = e && (constants ? e->kind == RL_EXPR_PATH || e->kind == RL_EXPR_CALL : e->kind == RL_EXPR_STRING);
    if (!fits)
      rl_report(b, a->span, "`%s` must be a list of %s.", name,
                constants ? "names without quotes" : "strings in quotes");
    else
      (*out)[(*count)++] = constants ? e->text : e->value;
  }
}

/* Reads the names of extensions in the database, where they differ: uuid_ossp(map: "uuid-ossp"). */
static void map_extensions(rl_build *b, rl_block *block) {
  rl_item *item = find_key(block, "extensions");
  if (!item || item->value->kind != RL_EXPR_ARRAY || b->schema->extension_count != item->value->count) return;
  size_t i = 0;
  for (rl_ast_arg *a = item->value->args; a; a = a->next, i++) {
    for (rl_ast_arg *option = a->value->args; option; option = option->next)
      if (rl_str_is(option->name, "map") && option->value && option->value->kind == RL_EXPR_STRING)
        b->schema->extensions[i] = option->value->value;
  }
}

static rl_str provider_list(rl_build *b, const char *before, const char *after, const char *last) {
  rl_buf text;
  rl_buf_init(&text);
  rl_provider_names(&text, before, after, last);
  rl_str list = text.failed ? (rl_str){NULL, 0} : rl_arena_str(&b->temp, rl_buf_view(&text));
  rl_buf_dispose(&text);
  if (!list.p) longjmp(b->nomem, 1);
  return list;
}

static void check_provider(rl_build *b, rl_block *block) {
  static const char *const known[] = {
#define RL_PROVIDER(ID, id, name, title, built) name, #id,
#include "base/providers.def"
#undef RL_PROVIDER
      "mysql", "sqlserver", "mongodb", "cockroachdb", NULL};
  rl_str text = b->schema->provider_text;
  for (int i = 0; known[i]; i++)
    if (rl_str_is(text, known[i])) return;
  rl_str hint = rl_suggest_of(b, text, known);
  rl_str ours = provider_list(b, "`", "`", " or ");
  rl_report(b, find_key(block, "provider")->value->span, "The provider `%.*s` is not supported; expected %.*s.%.*s",
            RL_STR_ARG(text), RL_STR_ARG(ours), RL_STR_ARG(hint));
}

static void resolve_provider(rl_build *b, rl_block *block) {
  if (read_string_key(b, block, "provider", &b->schema->provider_text)) {
    b->schema->provider = rl_provider_by_name(b->schema->provider_text);
    check_provider(b, block);
  } else if (!find_key(block, "provider")) {
    rl_str ours = provider_list(b, "`provider = \"", "\"`", " or ");
    rl_report(b, block->name_span, "The datasource `%.*s` has no `provider`: write %.*s.", RL_STR_ARG(block->name),
              RL_STR_ARG(ours));
  }
}

/* Reads relationMode, or referentialIntegrity, its old name. */
static void resolve_relation_mode(rl_build *b, rl_block *block) {
  static const char *const names[] = {"relationMode", "referentialIntegrity"};
  rl_str mode = RL_STR("");
  rl_item *old = find_key(block, names[1]);
  if (old && find_key(block, names[0])) {
    rl_report(b, old->name_span, "`referentialIntegrity` is the old name of `relationMode`: leave it out.");
    return;
  }
  const char *name = names[old != NULL];
  if (!read_string_key(b, block, name, &mode)) return;
  b->schema->relation_mode_prisma = rl_str_is(mode, "prisma");
  if (b->schema->relation_mode_prisma || rl_str_is(mode, "foreignKeys")) return;
  rl_report(b, find_key(block, name)->value->span, "`%s` must be \"foreignKeys\" or \"prisma\".", name);
}

static void check_schemas(rl_build *b, rl_block *block) {
  rl_item *item = find_key(block, "schemas");
  if (!item) return;
  if (!rl_rules(b)->namespaces)
    rl_report(b, item->name_span, "%s has no schemas inside a database: leave out `schemas`.", rl_title(b));
  else if (item->value->kind == RL_EXPR_ARRAY && !item->value->count)
    rl_report(b, item->value->span, "`schemas` needs at least one name.");
  for (size_t i = 0; i < b->schema->namespace_count; i++)
    for (size_t j = 0; j < i; j++)
      if (rl_str_eq(b->schema->namespaces[i], b->schema->namespaces[j]))
        rl_report(b, item->value->span, "The schema `%.*s` is given twice.", RL_STR_ARG(b->schema->namespaces[i]));
}

static void resolve_datasource(rl_build *b, rl_block *block) {
  static const char *const known[] = {"provider",          "url",          "directUrl",
                                      "shadowDatabaseUrl", "relationMode", "referentialIntegrity",
                                      "schemas",           "extensions",   NULL};
  rl_schema *s = b->schema;
  check_keys(b, block);
  b->datasource = block->name;
  b->datasource_span = block->name_span;
  resolve_provider(b, block);
  resolve_relation_mode(b, block);
  read_url_key(b, block, "url", &s->url, &s->url_env);
  read_url_key(b, block, "directUrl", &s->direct_url, &s->direct_url_env);
  read_url_key(b, block, "shadowDatabaseUrl", &s->shadow_url, &s->shadow_url_env);
  read_names_key(b, block, "schemas", false, &s->namespaces, &s->namespace_count);
  read_names_key(b, block, "extensions", true, &s->extensions, &s->extension_count);
  map_extensions(b, block);
  check_schemas(b, block);
  for (rl_item *i = block->items; i; i = i->next) {
    bool found = i->kind != RL_ITEM_KEY;
    for (int k = 0; known[k] && !found; k++) found = rl_str_is(i->name, known[k]);
    if (found) continue;
    rl_str hint = rl_suggest_of(b, i->name, known);
    rl_report(b, i->name_span, "A datasource has no setting `%.*s`.%.*s", RL_STR_ARG(i->name), RL_STR_ARG(hint));
  }
}

/* Keeps the settings of generators unchecked, because they belong to other tools too. */
static void resolve_generator(rl_build *b, rl_block *block, rl_generator *g) {
  check_keys(b, block);
  g->name = block->name;
  g->doc = block->doc;
  if (!read_string_key(b, block, "provider", &g->provider) && !find_key(block, "provider"))
    rl_report(b, block->name_span, "The generator `%.*s` has no `provider`.", RL_STR_ARG(block->name));
  for (rl_item *i = block->items; i; i = i->next) {
    if (i->kind != RL_ITEM_KEY) continue;
    rl_str *value = RL_KEEP(b, rl_str);
    *value = i->value->kind == RL_EXPR_STRING
                 ? i->value->value
                 : rl_str_make(b->text.p + i->value->span.start, i->value->span.end - i->value->span.start);
    rl_build_put(b, &g->config, i->name, value);
  }
}

static void check_generator_name(rl_build *b, rl_block *block) {
  for (rl_block *other = b->blocks; other != block; other = other->next)
    if (other->kind == RL_BLOCK_GENERATOR && rl_str_eq(other->name, block->name))
      rl_report(b, block->name_span, "There is already a generator `%.*s`.", RL_STR_ARG(block->name));
}

void rl_resolve_config(rl_build *b) {
  rl_schema *s = b->schema;
  size_t generators = 0;
  bool seen = false;
  for (rl_block *block = b->blocks; block; block = block->next) {
    generators += block->kind == RL_BLOCK_GENERATOR;
    if (block->kind != RL_BLOCK_DATASOURCE) continue;
    if (seen)
      rl_report(b, block->name_span, "A schema can have only one datasource.");
    else
      resolve_datasource(b, block);
    seen = true;
  }
  s->generators = RL_KEEP_ARRAY(b, rl_generator, generators);
  for (rl_block *block = b->blocks; block; block = block->next) {
    if (block->kind != RL_BLOCK_GENERATOR) continue;
    check_generator_name(b, block);
    rl_map_init(&s->generators[s->generator_count].config);
    resolve_generator(b, block, &s->generators[s->generator_count++]);
  }
}
