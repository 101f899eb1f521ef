/* The steps of a diff as a script, for people and the database. */
#include "migrate/diff/diff.h"
#include "migrate/structure/provider.h"

static const struct {
  const char *kind, *title;
} names[RL_STEP_COUNT] = {
    [RL_STEP_CREATE_SCHEMA] = {"create_schema", "CreateSchema"},
    [RL_STEP_CREATE_EXTENSION] = {"create_extension", "CreateExtension"},
    [RL_STEP_DROP_VIEW] = {"drop_view", "DropView"},
    [RL_STEP_RENAME] = {"rename", "Rename"},
    [RL_STEP_CREATE_ENUM] = {"create_enum", "CreateEnum"},
    [RL_STEP_ALTER_ENUM] = {"alter_enum", "AlterEnum"},
    [RL_STEP_DROP_FOREIGN_KEY] = {"drop_foreign_key", "DropForeignKey"},
    [RL_STEP_DROP_INDEX] = {"drop_index", "DropIndex"},
    [RL_STEP_ALTER_TABLE] = {"alter_table", "AlterTable"},
    [RL_STEP_DROP_TABLE] = {"drop_table", "DropTable"},
    [RL_STEP_DROP_ENUM] = {"drop_enum", "DropEnum"},
    [RL_STEP_CREATE_TABLE] = {"create_table", "CreateTable"},
    [RL_STEP_REDEFINE_TABLE] = {"redefine_table", "RedefineTables"},
    [RL_STEP_RENAME_INDEX] = {"rename_index", "RenameIndex"},
    [RL_STEP_CREATE_INDEX] = {"create_index", "CreateIndex"},
    [RL_STEP_ADD_FOREIGN_KEY] = {"add_foreign_key", "AddForeignKey"},
    [RL_STEP_CREATE_VIEW] = {"create_view", "CreateView"},
};

const char *rl_diff_step_kind(rl_step_order order) {
  return names[order].kind;
}

const char *rl_diff_change_kind(rl_change_kind kind) {
  static const char *const all[RL_CHANGE_COUNT] = {[RL_CHANGE_ADD_COLUMN] = "add_column",
                                                   [RL_CHANGE_DROP_COLUMN] = "drop_column",
                                                   [RL_CHANGE_ALTER_COLUMN] = "alter_column",
                                                   [RL_CHANGE_PRIMARY_KEY] = "alter_primary_key",
                                                   [RL_CHANGE_ADD_INDEX] = "add_index",
                                                   [RL_CHANGE_DROP_INDEX] = "drop_index",
                                                   [RL_CHANGE_ADD_FOREIGN_KEY] = "add_foreign_key",
                                                   [RL_CHANGE_DROP_FOREIGN_KEY] = "drop_foreign_key",
                                                   [RL_CHANGE_RENAME] = "rename"};
  return all[kind];
}

const char *rl_diff_warning_kind(rl_warning_kind kind) {
  static const char *const all[RL_WARNING_COUNT] = {[RL_WARNING_DROP_TABLE] = "drop_table",
                                                    [RL_WARNING_DROP_COLUMN] = "drop_column",
                                                    [RL_WARNING_ADD_REQUIRED_COLUMN] = "add_required_column",
                                                    [RL_WARNING_MAKE_REQUIRED] = "make_required",
                                                    [RL_WARNING_CAST] = "cast",
                                                    [RL_WARNING_REMAKE_COLUMN] = "remake_column",
                                                    [RL_WARNING_REMAKE_REQUIRED] = "remake_required_column",
                                                    [RL_WARNING_ADD_UNIQUE] = "add_unique",
                                                    [RL_WARNING_DROP_ENUM_VALUES] = "drop_enum_values",
                                                    [RL_WARNING_VIEW_IN_THE_WAY] = "view_in_the_way"};
  return all[kind];
}

static void write_warnings(const rl_diff *diff, rl_buf *out) {
  if (!diff->warnings.count) return;
  rl_buf_text(out, "/*\n  Warnings:\n\n");
  for (size_t i = 0; i < diff->warnings.count; i++)
    rl_buf_printf(out, "  - %.*s\n", RL_STR_ARG(diff->warnings.items[i].text));
  rl_buf_text(out, "\n*/\n");
}

/* Returns whether a step needs no title, because it belongs to the previous
 * one: changes of the same table or enum, and all rebuilds. */
static bool continues_previous(const rl_diff *diff, size_t i) {
  const rl_diff_step *a = i ? &diff->steps.items[i - 1] : NULL, *b = &diff->steps.items[i];
  if (!a || a->order != b->order) return false;
  if (b->order == RL_STEP_REDEFINE_TABLE) return true;
  return (b->order == RL_STEP_ALTER_TABLE || b->order == RL_STEP_ALTER_ENUM) && rl_str_eq(a->subject, b->subject);
}

static bool needs_keys_off(const rl_diff_step *s) {
  return s->order == RL_STEP_REDEFINE_TABLE || s->order == RL_STEP_DROP_TABLE;
}

void rl_diff_script(const rl_diff *diff, const rl_dialect *dialect, rl_buf *out) {
  const rl_migrate_part *part = rl_migrate_part_of(dialect->provider);
  bool off = false;
  if (!diff->steps.count) return;
  write_warnings(diff, out);
  for (size_t i = 0; i < diff->steps.count; i++) {
    const rl_diff_step *s = &diff->steps.items[i];
    bool keys_off = part->script_keys_off && needs_keys_off(s);
    if (off && !keys_off) rl_buf_text(out, part->script_keys_on);
    if (!continues_previous(diff, i)) rl_buf_printf(out, "%s-- %s\n", out->len ? "\n" : "", names[s->order].title);
    if (keys_off && !off) rl_buf_text(out, part->script_keys_off);
    off = keys_off;
    rl_buf_printf(out, "%.*s;\n", RL_STR_ARG(s->sql));
  }
  if (off) rl_buf_text(out, part->script_keys_on);
}
