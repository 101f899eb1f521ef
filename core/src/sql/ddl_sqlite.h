/* Conditions on SQLite's catalog. */
#ifndef RL_SQL_DDL_SQLITE_H
#define RL_SQL_DDL_SQLITE_H

/* The table in row m of sqlite_master belongs to a virtual table of FTS or R*Tree. */
#define RL_SQLITE_SHADOWS                                                                                              \
  "m.name IN (SELECT w.name || s.column1 FROM sqlite_master w, (VALUES ('_content'), ('_segments'), ('_segdir'), "     \
  "('_docsize'), ('_stat'), ('_data'), ('_idx'), ('_config'), ('_node'), ('_parent'), ('_rowid')) s "                  \
  "WHERE w.sql LIKE 'CREATE VIRTUAL %')"

#endif
