/* Each kind of step and warning between two schemas, for both databases. They need no database. */
#include "migrate/pure.h"

/* The difference is the one of PostgreSQL. */
static const char same[] = "";
#define SAME same

typedef struct difference {
  const char *name, *from, *to;
  const char *want[2]; /* on PostgreSQL, on SQLite; NULL: the schemas are not for it */
} difference;

static const difference all[] = {
    {"a table is created with its indexes and keys",
     "",
     "model A {\n  id Int @id @default(autoincrement())\n  n String @unique\n  bs B[]\n  @@index([n, id])\n}\n"
     "model B {\n  id Int @id\n  aId Int\n  a A @relation(fields: [aId], references: [id])\n}\n",
     {"create_table A: CREATE TABLE \"A\" ( \"id\" SERIAL NOT NULL, \"n\" TEXT NOT NULL, CONSTRAINT \"A_pkey\" PRIMARY KEY (\"id\") )\n"
      "create_table B: CREATE TABLE \"B\" ( \"id\" INTEGER NOT NULL, \"aId\" INTEGER NOT NULL, CONSTRAINT \"B_pkey\" PRIMARY KEY (\"id\") )\n"
      "create_index A: CREATE UNIQUE INDEX \"A_n_key\" ON \"A\"(\"n\")\n"
      "create_index A: CREATE INDEX \"A_n_id_idx\" ON \"A\"(\"n\", \"id\")\n"
      "add_foreign_key B: ALTER TABLE \"B\" ADD CONSTRAINT \"B_aId_fkey\" FOREIGN KEY (\"aId\") REFERENCES \"A\"(\"id\") ON DELETE RESTRICT ON UPDATE CASCADE\n",
      "create_table A: CREATE TABLE \"A\" ( \"id\" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, \"n\" TEXT NOT NULL )\n"
      "create_table B: CREATE TABLE \"B\" ( \"id\" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, \"aId\" INTEGER NOT NULL, CONSTRAINT \"B_aId_fkey\" FOREIGN KEY (\"aId\") REFERENCES \"A\" (\"id\") ON DELETE RESTRICT ON UPDATE CASCADE )\n"
      "create_index A: CREATE UNIQUE INDEX \"A_n_key\" ON \"A\"(\"n\")\n"
      "create_index A: CREATE INDEX \"A_n_id_idx\" ON \"A\"(\"n\", \"id\")\n"}},
    {"a table is dropped",
     "model A {\n  id Int @id\n}\nmodel B {\n  id Int @id\n}\n",
     "model A {\n  id Int @id\n}\n",
     {"drop_table B: DROP TABLE \"B\"\n"
      "! drop_table table=B\n",
      SAME}},
    {"an optional column is added",
     "model A {\n  id Int @id\n}\n",
     "model A {\n  id Int @id\n  n Int?\n}\n",
     {"alter_table A: ALTER TABLE \"A\" ADD COLUMN \"n\" INTEGER\n"
      "  add_column n\n",
      SAME}},
    {"a required column is added without a default",
     "model A {\n  id Int @id\n}\n",
     "model A {\n  id Int @id\n  n Int\n}\n",
     {"alter_table A: ALTER TABLE \"A\" ADD COLUMN \"n\" INTEGER NOT NULL\n"
      "  add_column n\n"
      "! blocks add_required_column table=A column=n\n",
      "redefine_table A: CREATE TABLE \"new_A\" ( \"id\" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, \"n\" INTEGER NOT NULL )\n"
      "  add_column n\n"
      "redefine_table A: INSERT INTO sqlite_sequence (name, seq) SELECT 'new_A', seq FROM sqlite_sequence WHERE name = 'A'\n"
      "redefine_table A: INSERT INTO \"new_A\" (\"id\") SELECT \"id\" FROM \"A\"\n"
      "redefine_table A: DROP TABLE \"A\"\n"
      "redefine_table A: PRAGMA legacy_alter_table=ON\n"
      "redefine_table A: ALTER TABLE \"new_A\" RENAME TO \"A\"\n"
      "redefine_table A: PRAGMA legacy_alter_table=OFF\n"
      "! blocks add_required_column table=A column=n\n"}},
    {"a required column is added with a default",
     "model A {\n  id Int @id\n}\n",
     "model A {\n  id Int @id\n  n Int @default(7)\n}\n",
     {"alter_table A: ALTER TABLE \"A\" ADD COLUMN \"n\" INTEGER NOT NULL DEFAULT 7\n"
      "  add_column n\n",
      SAME}},
    {"a column is dropped",
     "model A {\n  id Int @id\n  n Int\n}\n",
     "model A {\n  id Int @id\n}\n",
     {"alter_table A: ALTER TABLE \"A\" DROP COLUMN \"n\"\n"
      "  drop_column n\n"
      "! drop_column table=A column=n\n",
      "redefine_table A: CREATE TABLE \"new_A\" ( \"id\" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT )\n"
      "  drop_column n\n"
      "redefine_table A: INSERT INTO sqlite_sequence (name, seq) SELECT 'new_A', seq FROM sqlite_sequence WHERE name = 'A'\n"
      "redefine_table A: INSERT INTO \"new_A\" (\"id\") SELECT \"id\" FROM \"A\"\n"
      "redefine_table A: DROP TABLE \"A\"\n"
      "redefine_table A: PRAGMA legacy_alter_table=ON\n"
      "redefine_table A: ALTER TABLE \"new_A\" RENAME TO \"A\"\n"
      "redefine_table A: PRAGMA legacy_alter_table=OFF\n"
      "! drop_column table=A column=n\n"}},
    {"a column becomes required",
     "model A {\n  id Int @id\n  n Int?\n}\n",
     "model A {\n  id Int @id\n  n Int\n}\n",
     {"alter_table A: ALTER TABLE \"A\" ALTER COLUMN \"n\" SET NOT NULL\n"
      "  alter_column n\n"
      "! blocks make_required table=A column=n\n",
      "redefine_table A: CREATE TABLE \"new_A\" ( \"id\" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, \"n\" INTEGER NOT NULL )\n"
      "  alter_column n\n"
      "redefine_table A: INSERT INTO sqlite_sequence (name, seq) SELECT 'new_A', seq FROM sqlite_sequence WHERE name = 'A'\n"
      "redefine_table A: INSERT INTO \"new_A\" (\"id\", \"n\") SELECT \"id\", \"n\" FROM \"A\"\n"
      "redefine_table A: DROP TABLE \"A\"\n"
      "redefine_table A: PRAGMA legacy_alter_table=ON\n"
      "redefine_table A: ALTER TABLE \"new_A\" RENAME TO \"A\"\n"
      "redefine_table A: PRAGMA legacy_alter_table=OFF\n"
      "! blocks make_required table=A column=n\n"}},
    {"a column becomes required and has a default",
     "model A {\n  id Int @id\n  n Int?\n}\n",
     "model A {\n  id Int @id\n  n Int @default(1)\n}\n",
     {NULL,
      "redefine_table A: CREATE TABLE \"new_A\" ( \"id\" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, \"n\" INTEGER NOT NULL DEFAULT 1 )\n"
      "  alter_column n\n"
      "redefine_table A: INSERT INTO sqlite_sequence (name, seq) SELECT 'new_A', seq FROM sqlite_sequence WHERE name = 'A'\n"
      "redefine_table A: INSERT INTO \"new_A\" (\"id\", \"n\") SELECT \"id\", coalesce(\"n\", 1) AS \"n\" FROM \"A\"\n"
      "redefine_table A: DROP TABLE \"A\"\n"
      "redefine_table A: PRAGMA legacy_alter_table=ON\n"
      "redefine_table A: ALTER TABLE \"new_A\" RENAME TO \"A\"\n"
      "redefine_table A: PRAGMA legacy_alter_table=OFF\n"}},
    {"a column becomes optional",
     "model A {\n  id Int @id\n  n Int\n}\n",
     "model A {\n  id Int @id\n  n Int?\n}\n",
     {"alter_table A: ALTER TABLE \"A\" ALTER COLUMN \"n\" DROP NOT NULL\n"
      "  alter_column n\n",
      "redefine_table A: CREATE TABLE \"new_A\" ( \"id\" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, \"n\" INTEGER )\n"
      "  alter_column n\n"
      "redefine_table A: INSERT INTO sqlite_sequence (name, seq) SELECT 'new_A', seq FROM sqlite_sequence WHERE name = 'A'\n"
      "redefine_table A: INSERT INTO \"new_A\" (\"id\", \"n\") SELECT \"id\", \"n\" FROM \"A\"\n"
      "redefine_table A: DROP TABLE \"A\"\n"
      "redefine_table A: PRAGMA legacy_alter_table=ON\n"
      "redefine_table A: ALTER TABLE \"new_A\" RENAME TO \"A\"\n"
      "redefine_table A: PRAGMA legacy_alter_table=OFF\n"}},
    {"a default is changed, added and dropped",
     "model A {\n  id Int @id\n  a Int @default(1)\n  b Int\n  c Int @default(3)\n}\n",
     "model A {\n  id Int @id\n  a Int @default(2)\n  b Int @default(2)\n  c Int\n}\n",
     {"alter_table A: ALTER TABLE \"A\" ALTER COLUMN \"a\" SET DEFAULT 2, ALTER COLUMN \"b\" SET DEFAULT 2, ALTER COLUMN \"c\" DROP DEFAULT\n"
      "  alter_column a\n"
      "  alter_column b\n"
      "  alter_column c\n",
      NULL}},
    {"a type widens",
     "model A {\n  id Int @id\n  n Int\n}\n",
     "model A {\n  id Int @id\n  n BigInt\n}\n",
     {"alter_table A: ALTER TABLE \"A\" ALTER COLUMN \"n\" SET DATA TYPE BIGINT\n"
      "  alter_column n\n",
      "redefine_table A: CREATE TABLE \"new_A\" ( \"id\" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, \"n\" BIGINT NOT NULL )\n"
      "  alter_column n\n"
      "redefine_table A: INSERT INTO sqlite_sequence (name, seq) SELECT 'new_A', seq FROM sqlite_sequence WHERE name = 'A'\n"
      "redefine_table A: INSERT INTO \"new_A\" (\"id\", \"n\") SELECT \"id\", \"n\" FROM \"A\"\n"
      "redefine_table A: DROP TABLE \"A\"\n"
      "redefine_table A: PRAGMA legacy_alter_table=ON\n"
      "redefine_table A: ALTER TABLE \"new_A\" RENAME TO \"A\"\n"
      "redefine_table A: PRAGMA legacy_alter_table=OFF\n"}},
    {"a type narrows",
     "model A {\n  id Int @id\n  n BigInt\n}\n",
     "model A {\n  id Int @id\n  n Int\n}\n",
     {"alter_table A: ALTER TABLE \"A\" ALTER COLUMN \"n\" SET DATA TYPE INTEGER\n"
      "  alter_column n\n"
      "! cast table=A column=n\n",
      "redefine_table A: CREATE TABLE \"new_A\" ( \"id\" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, \"n\" INTEGER NOT NULL )\n"
      "  alter_column n\n"
      "redefine_table A: INSERT INTO sqlite_sequence (name, seq) SELECT 'new_A', seq FROM sqlite_sequence WHERE name = 'A'\n"
      "redefine_table A: INSERT INTO \"new_A\" (\"id\", \"n\") SELECT \"id\", \"n\" FROM \"A\"\n"
      "redefine_table A: DROP TABLE \"A\"\n"
      "redefine_table A: PRAGMA legacy_alter_table=ON\n"
      "redefine_table A: ALTER TABLE \"new_A\" RENAME TO \"A\"\n"
      "redefine_table A: PRAGMA legacy_alter_table=OFF\n"
      "! cast table=A column=n\n"}},
    {"nothing casts an optional column",
     "model A {\n  id Int @id\n  n String?\n}\n",
     "model A {\n  id Int @id\n  n Int?\n}\n",
     {"alter_table A: ALTER TABLE \"A\" DROP COLUMN \"n\", ADD COLUMN \"n\" INTEGER\n"
      "  alter_column n\n"
      "! remake_column table=A column=n\n",
      NULL}},
    {"nothing casts a required column",
     "model A {\n  id Int @id\n  n String\n}\n",
     "model A {\n  id Int @id\n  n Int\n}\n",
     {"alter_table A: ALTER TABLE \"A\" DROP COLUMN \"n\", ADD COLUMN \"n\" INTEGER NOT NULL\n"
      "  alter_column n\n"
      "! blocks remake_required_column table=A column=n\n",
      NULL}},
    {"any type becomes text",
     "model A {\n  id Int @id\n  n Int\n}\n",
     "model A {\n  id Int @id\n  n String\n}\n",
     {"alter_table A: ALTER TABLE \"A\" ALTER COLUMN \"n\" SET DATA TYPE TEXT\n"
      "  alter_column n\n",
      NULL}},
    {"a length shrinks",
     "model A {\n  id Int @id\n  n String @db.VarChar(20)\n}\n",
     "model A {\n  id Int @id\n  n String @db.VarChar(10)\n}\n",
     {"alter_table A: ALTER TABLE \"A\" ALTER COLUMN \"n\" SET DATA TYPE VARCHAR(10)\n"
      "  alter_column n\n"
      "! cast table=A column=n\n",
      NULL}},
    {"a length grows",
     "model A {\n  id Int @id\n  n String @db.VarChar(10)\n}\n",
     "model A {\n  id Int @id\n  n String @db.VarChar(20)\n}\n",
     {"alter_table A: ALTER TABLE \"A\" ALTER COLUMN \"n\" SET DATA TYPE VARCHAR(20)\n"
      "  alter_column n\n",
      NULL}},
    {"a column gets a sequence",
     "model A {\n  id Int @id\n  n Int\n}\n",
     "model A {\n  id Int @id\n  n Int @default(autoincrement())\n}\n",
     {"alter_table A: CREATE SEQUENCE \"A_n_seq\"\n"
      "  alter_column n\n"
      "alter_table A: ALTER TABLE \"A\" ALTER COLUMN \"n\" SET DEFAULT nextval('\"A_n_seq\"')\n"
      "alter_table A: ALTER SEQUENCE \"A_n_seq\" OWNED BY \"A\".\"n\"\n"
      "alter_table A: SELECT setval('\"A_n_seq\"', coalesce((SELECT max(\"n\") FROM \"A\"), 0) + 1, false)\n",
      NULL}},
    {"a column loses its sequence",
     "model A {\n  id Int @id\n  n Int @default(autoincrement())\n}\n",
     "model A {\n  id Int @id\n  n Int\n}\n",
     {"alter_table A: ALTER TABLE \"A\" ALTER COLUMN \"n\" DROP DEFAULT\n"
      "  alter_column n\n"
      "alter_table A: DROP SEQUENCE IF EXISTS \"A_n_seq\"\n",
      NULL}},
    {"a unique index is added",
     "model A {\n  id Int @id\n  n Int\n}\n",
     "model A {\n  id Int @id\n  n Int @unique\n}\n",
     {"create_index A: CREATE UNIQUE INDEX \"A_n_key\" ON \"A\"(\"n\")\n"
      "  add_index A_n_key\n"
      "! blocks add_unique table=A column=n [n]\n",
      SAME}},
    {"a unique index over two columns is added",
     "model A {\n  id Int @id\n  a Int\n  b Int\n}\n",
     "model A {\n  id Int @id\n  a Int\n  b Int\n  @@unique([a, b])\n}\n",
     {"create_index A: CREATE UNIQUE INDEX \"A_a_b_key\" ON \"A\"(\"a\", \"b\")\n"
      "  add_index A_a_b_key\n"
      "! blocks add_unique table=A [a] [b]\n",
      NULL}},
    {"columns that were unique in another order are unique already",
     "model A {\n  id Int @id\n  a Int\n  b Int\n  @@unique([b, a])\n}\n",
     "model A {\n  id Int @id\n  a Int\n  b Int\n  @@unique([a, b])\n}\n",
     {"drop_index A: DROP INDEX \"A_b_a_key\"\n"
      "  drop_index A_b_a_key\n"
      "create_index A: CREATE UNIQUE INDEX \"A_a_b_key\" ON \"A\"(\"a\", \"b\")\n"
      "  add_index A_a_b_key\n",
      NULL}},
    {"an index is added, and another one is dropped",
     "model A {\n  id Int @id\n  a Int\n  b Int\n  @@index([a])\n}\n",
     "model A {\n  id Int @id\n  a Int\n  b Int\n  @@index([b])\n}\n",
     {"drop_index A: DROP INDEX \"A_a_idx\"\n"
      "  drop_index A_a_idx\n"
      "create_index A: CREATE INDEX \"A_b_idx\" ON \"A\"(\"b\")\n"
      "  add_index A_b_idx\n",
      SAME}},
    {"an index is renamed",
     "model A {\n  id Int @id\n  n Int\n  @@index([n], map: \"one\")\n}\n",
     "model A {\n  id Int @id\n  n Int\n  @@index([n], map: \"two\")\n}\n",
     {"rename_index A: ALTER INDEX \"one\" RENAME TO \"two\"\n"
      "  rename two\n",
      "drop_index A: DROP INDEX \"one\"\n"
      "  drop_index one\n"
      "create_index A: CREATE INDEX \"two\" ON \"A\"(\"n\")\n"
      "  add_index two\n"}},
    {"two indexes exchange their names",
     "model A {\n  id Int @id\n  a Int\n  b Int\n  @@index([a], map: \"one\")\n  @@index([b], map: \"two\")\n}\n",
     "model A {\n  id Int @id\n  a Int\n  b Int\n  @@index([a], map: \"two\")\n  @@index([b], map: \"one\")\n}\n",
     {"drop_index A: DROP INDEX \"one\"\n"
      "  drop_index one\n"
      "drop_index A: DROP INDEX \"two\"\n"
      "  drop_index two\n"
      "create_index A: CREATE INDEX \"two\" ON \"A\"(\"a\")\n"
      "  add_index two\n"
      "create_index A: CREATE INDEX \"one\" ON \"A\"(\"b\")\n"
      "  add_index one\n",
      NULL}},
    {"the primary key changes",
     "model A {\n  a Int @id\n  b Int\n}\n",
     "model A {\n  a Int\n  b Int\n  @@id([a, b])\n}\n",
     {"alter_table A: ALTER TABLE \"A\" DROP CONSTRAINT \"A_pkey\", ADD CONSTRAINT \"A_pkey\" PRIMARY KEY (\"a\", \"b\")\n"
      "  alter_primary_key A_pkey\n"
      "! blocks add_unique table=A [a] [b]\n",
      "redefine_table A: CREATE TABLE \"new_A\" ( \"a\" INTEGER NOT NULL, \"b\" INTEGER NOT NULL, PRIMARY KEY (\"a\", \"b\") )\n"
      "  alter_primary_key A_pkey\n"
      "redefine_table A: INSERT INTO \"new_A\" (\"a\", \"b\") SELECT \"a\", \"b\" FROM \"A\"\n"
      "redefine_table A: DROP TABLE \"A\"\n"
      "redefine_table A: PRAGMA legacy_alter_table=ON\n"
      "redefine_table A: ALTER TABLE \"new_A\" RENAME TO \"A\"\n"
      "redefine_table A: PRAGMA legacy_alter_table=OFF\n"
      "! blocks add_unique table=A [a] [b]\n"}},
    {"a primary key narrows",
     "model A {\n  a Int\n  b Int\n  @@id([a, b])\n}\n",
     "model A {\n  a Int @id\n  b Int\n}\n",
     {"alter_table A: ALTER TABLE \"A\" DROP CONSTRAINT \"A_pkey\", ADD CONSTRAINT \"A_pkey\" PRIMARY KEY (\"a\")\n"
      "  alter_primary_key A_pkey\n"
      "! blocks add_unique table=A column=a [a]\n",
      NULL}},
    {"a relation is added",
     "model A {\n  id Int @id\n}\nmodel B {\n  id Int @id\n  aId Int?\n}\n",
     "model A {\n  id Int @id\n  bs B[]\n}\nmodel B {\n  id Int @id\n  aId Int?\n"
     "  a A? @relation(fields: [aId], references: [id])\n}\n",
     {"add_foreign_key B: ALTER TABLE \"B\" ADD CONSTRAINT \"B_aId_fkey\" FOREIGN KEY (\"aId\") REFERENCES \"A\"(\"id\") ON DELETE SET NULL ON UPDATE CASCADE\n",
      "redefine_table B: CREATE TABLE \"new_B\" ( \"id\" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, \"aId\" INTEGER, CONSTRAINT \"B_aId_fkey\" FOREIGN KEY (\"aId\") REFERENCES \"A\" (\"id\") ON DELETE SET NULL ON UPDATE CASCADE )\n"
      "  add_foreign_key B_aId_fkey\n"
      "redefine_table B: INSERT INTO sqlite_sequence (name, seq) SELECT 'new_B', seq FROM sqlite_sequence WHERE name = 'B'\n"
      "redefine_table B: INSERT INTO \"new_B\" (\"id\", \"aId\") SELECT \"id\", \"aId\" FROM \"B\"\n"
      "redefine_table B: DROP TABLE \"B\"\n"
      "redefine_table B: PRAGMA legacy_alter_table=ON\n"
      "redefine_table B: ALTER TABLE \"new_B\" RENAME TO \"B\"\n"
      "redefine_table B: PRAGMA legacy_alter_table=OFF\n"}},
    {"what a relation does changes",
     "model A {\n  id Int @id\n  bs B[]\n}\nmodel B {\n  id Int @id\n  aId Int?\n"
     "  a A? @relation(fields: [aId], references: [id])\n}\n",
     "model A {\n  id Int @id\n  bs B[]\n}\nmodel B {\n  id Int @id\n  aId Int?\n"
     "  a A? @relation(fields: [aId], references: [id], onDelete: Cascade)\n}\n",
     {"drop_foreign_key B: ALTER TABLE \"B\" DROP CONSTRAINT \"B_aId_fkey\"\n"
      "add_foreign_key B: ALTER TABLE \"B\" ADD CONSTRAINT \"B_aId_fkey\" FOREIGN KEY (\"aId\") REFERENCES \"A\"(\"id\") ON DELETE CASCADE ON UPDATE CASCADE\n",
      NULL}},
    {"a relation is dropped",
     "model A {\n  id Int @id\n  bs B[]\n}\nmodel B {\n  id Int @id\n  aId Int\n"
     "  a A @relation(fields: [aId], references: [id])\n}\n",
     "model A {\n  id Int @id\n}\nmodel B {\n  id Int @id\n  aId Int\n}\n",
     {"drop_foreign_key B: ALTER TABLE \"B\" DROP CONSTRAINT \"B_aId_fkey\"\n", NULL}},
    {"an enum is created and used",
     "model A {\n  id Int @id\n}\n",
     "enum E {\n  X\n  Y\n}\nmodel A {\n  id Int @id\n  e E @default(X)\n}\n",
     {"create_enum E: CREATE TYPE \"E\" AS ENUM ('X', 'Y')\n"
      "alter_table A: ALTER TABLE \"A\" ADD COLUMN \"e\" \"E\" NOT NULL DEFAULT 'X'\n"
      "  add_column e\n",
      "alter_table A: ALTER TABLE \"A\" ADD COLUMN \"e\" TEXT NOT NULL DEFAULT 'X'\n"
      "  add_column e\n"}},
    {"an enum gets a value",
     "enum E {\n  X\n}\nmodel A {\n  id Int @id\n  e E\n}\n",
     "enum E {\n  X\n  Y\n}\nmodel A {\n  id Int @id\n  e E\n}\n",
     {"alter_enum E: ALTER TYPE \"E\" ADD VALUE 'Y'\n", NULL}},
    {"an enum gets a value that is immediately a default",
     "enum E {\n  X\n}\nmodel A {\n  id Int @id\n  e E\n}\n",
     "enum E {\n  X\n  Y\n}\nmodel A {\n  id Int @id\n  e E @default(Y)\n}\n",
     {"alter_enum E: CREATE TYPE \"E_new\" AS ENUM ('X', 'Y')\n"
      "alter_enum E: ALTER TABLE \"A\" ALTER COLUMN \"e\" TYPE \"E_new\" USING (\"e\"::text::\"E_new\")\n"
      "alter_enum E: ALTER TYPE \"E\" RENAME TO \"E_old\"\n"
      "alter_enum E: ALTER TYPE \"E_new\" RENAME TO \"E\"\n"
      "alter_enum E: DROP TYPE \"E_old\"\n"
      "alter_table A: ALTER TABLE \"A\" ALTER COLUMN \"e\" SET DEFAULT 'Y'\n"
      "  alter_column e\n",
      NULL}},
    {"an enum loses values",
     "enum E {\n  X\n  Y\n  Z\n}\nmodel A {\n  id Int @id\n  e E @default(X)\n  l E[]\n}\n",
     "enum E {\n  X\n}\nmodel A {\n  id Int @id\n  e E @default(X)\n  l E[]\n}\n",
     {"alter_enum E: CREATE TYPE \"E_new\" AS ENUM ('X')\n"
      "alter_enum E: ALTER TABLE \"A\" ALTER COLUMN \"e\" DROP DEFAULT\n"
      "alter_enum E: ALTER TABLE \"A\" ALTER COLUMN \"e\" TYPE \"E_new\" USING (\"e\"::text::\"E_new\")\n"
      "alter_enum E: ALTER TABLE \"A\" ALTER COLUMN \"l\" TYPE \"E_new\"[] USING (\"l\"::text[]::\"E_new\"[])\n"
      "alter_enum E: ALTER TYPE \"E\" RENAME TO \"E_old\"\n"
      "alter_enum E: ALTER TYPE \"E_new\" RENAME TO \"E\"\n"
      "alter_enum E: DROP TYPE \"E_old\"\n"
      "alter_table A: ALTER TABLE \"A\" ALTER COLUMN \"e\" SET DEFAULT 'X'\n"
      "  alter_column e\n"
      "! blocks drop_enum_values name=E [Y] [Z]\n",
      NULL}},
    {"an enum loses values",
     "enum E {\n  X\n  Y\n  Z\n}\nmodel A {\n  id Int @id\n  e E @default(X)\n}\n",
     "enum E {\n  X\n}\nmodel A {\n  id Int @id\n  e E @default(X)\n}\n",
     {NULL, "! drop_enum_values table=A column=e name=E [Y] [Z]\n"}},
    {"an enum is dropped",
     "enum E {\n  X\n}\nmodel A {\n  id Int @id\n  e E\n}\n",
     "model A {\n  id Int @id\n}\n",
     {"alter_table A: ALTER TABLE \"A\" DROP COLUMN \"e\"\n"
      "  drop_column e\n"
      "drop_enum E: DROP TYPE \"E\"\n"
      "! drop_column table=A column=e\n",
      NULL}},
    {"a model is renamed",
     "model A {\n  id Int @id\n  n Int @unique\n}\n",
     "/// @renamed-from A\nmodel B {\n  id Int @id\n  n Int @unique\n}\n",
     {"rename B: ALTER TABLE \"A\" RENAME TO \"B\"\n"
      "rename_index B: ALTER TABLE \"B\" RENAME CONSTRAINT \"A_pkey\" TO \"B_pkey\"\n"
      "  rename B_pkey\n"
      "rename_index B: ALTER INDEX \"A_n_key\" RENAME TO \"B_n_key\"\n"
      "  rename B_n_key\n",
      "rename B: ALTER TABLE \"A\" RENAME TO \"B\"\n"
      "drop_index B: DROP INDEX \"A_n_key\"\n"
      "  drop_index A_n_key\n"
      "create_index B: CREATE UNIQUE INDEX \"B_n_key\" ON \"B\"(\"n\")\n"
      "  add_index B_n_key\n"}},
    {"a field is renamed",
     "model A {\n  id Int @id\n  n Int @unique\n}\n",
     "model A {\n  id Int @id\n  /// @renamed-from n\n  m Int @unique\n}\n",
     {"rename A: ALTER TABLE \"A\" RENAME COLUMN \"n\" TO \"m\"\n"
      "rename_index A: ALTER INDEX \"A_n_key\" RENAME TO \"A_m_key\"\n"
      "  rename A_m_key\n",
      "rename A: ALTER TABLE \"A\" RENAME COLUMN \"n\" TO \"m\"\n"
      "drop_index A: DROP INDEX \"A_n_key\"\n"
      "  drop_index A_n_key\n"
      "create_index A: CREATE UNIQUE INDEX \"A_m_key\" ON \"A\"(\"m\")\n"
      "  add_index A_m_key\n"}},
    {"a field is renamed and changes",
     "model A {\n  id Int @id\n  n Int?\n}\n",
     "model A {\n  id Int @id\n  /// @renamed-from n\n  m BigInt\n}\n",
     {"rename A: ALTER TABLE \"A\" RENAME COLUMN \"n\" TO \"m\"\n"
      "alter_table A: ALTER TABLE \"A\" ALTER COLUMN \"m\" SET NOT NULL, ALTER COLUMN \"m\" SET DATA TYPE BIGINT\n"
      "  alter_column m\n"
      "! blocks make_required table=A column=m\n",
      NULL}},
    {"two fields exchange their names",
     "model A {\n  id Int @id\n  x Int\n  y String\n}\n",
     "model A {\n  id Int @id\n  /// @renamed-from y\n  x String\n  /// @renamed-from x\n  y Int\n}\n",
     {"rename A: ALTER TABLE \"A\" RENAME COLUMN \"x\" TO \"y_swapped\"\n"
      "rename A: ALTER TABLE \"A\" RENAME COLUMN \"y\" TO \"x\"\n"
      "rename A: ALTER TABLE \"A\" RENAME COLUMN \"y_swapped\" TO \"y\"\n",
      NULL}},
    {"an enum and a value are renamed",
     "enum E {\n  X\n  Y\n}\nmodel A {\n  id Int @id\n  e E @default(X)\n}\n",
     "/// @renamed-from E\nenum F {\n  /// @renamed-from X\n  Z\n  Y\n}\nmodel A {\n  id Int @id\n  e F @default(Z)\n"
     "}\n",
     {"rename F: ALTER TYPE \"E\" RENAME TO \"F\"\n"
      "rename F: ALTER TYPE \"F\" RENAME VALUE 'X' TO 'Z'\n",
      NULL}},
    {"a value is renamed",
     "enum E {\n  X\n  Y\n}\nmodel A {\n  id Int @id\n  e E @default(X)\n}\n",
     "enum E {\n  /// @renamed-from X\n  Z\n  Y\n}\nmodel A {\n  id Int @id\n  e E @default(Z)\n}\n",
     {NULL,
      "alter_enum A: UPDATE \"A\" SET \"e\" = 'Z' WHERE \"e\" = 'X'\n"
      "redefine_table A: CREATE TABLE \"new_A\" ( \"id\" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, \"e\" TEXT NOT NULL DEFAULT 'Z' )\n"
      "  alter_column e\n"
      "redefine_table A: INSERT INTO sqlite_sequence (name, seq) SELECT 'new_A', seq FROM sqlite_sequence WHERE name = 'A'\n"
      "redefine_table A: INSERT INTO \"new_A\" (\"id\", \"e\") SELECT \"id\", \"e\" FROM \"A\"\n"
      "redefine_table A: DROP TABLE \"A\"\n"
      "redefine_table A: PRAGMA legacy_alter_table=ON\n"
      "redefine_table A: ALTER TABLE \"new_A\" RENAME TO \"A\"\n"
      "redefine_table A: PRAGMA legacy_alter_table=OFF\n"}},
    {"a many-to-many relation is created",
     "model A {\n  id Int @id\n}\nmodel B {\n  id Int @id\n}\n",
     "model A {\n  id Int @id\n  bs B[]\n}\nmodel B {\n  id Int @id\n  as A[]\n}\n",
     {"create_table _AToB: CREATE TABLE \"_AToB\" ( \"A\" INTEGER NOT NULL, \"B\" INTEGER NOT NULL, CONSTRAINT \"_AToB_AB_pkey\" PRIMARY KEY (\"A\",\"B\") )\n"
      "create_index _AToB: CREATE INDEX \"_AToB_B_index\" ON \"_AToB\"(\"B\")\n"
      "add_foreign_key _AToB: ALTER TABLE \"_AToB\" ADD CONSTRAINT \"_AToB_A_fkey\" FOREIGN KEY (\"A\") REFERENCES \"A\"(\"id\") ON DELETE CASCADE ON UPDATE CASCADE\n"
      "add_foreign_key _AToB: ALTER TABLE \"_AToB\" ADD CONSTRAINT \"_AToB_B_fkey\" FOREIGN KEY (\"B\") REFERENCES \"B\"(\"id\") ON DELETE CASCADE ON UPDATE CASCADE\n",
      NULL}},
    {"the join table follows a renamed model",
     "model A {\n  id Int @id\n  bs B[]\n}\nmodel B {\n  id Int @id\n  as A[]\n}\n",
     "model A {\n  id Int @id\n  cs C[]\n}\n/// @renamed-from B\nmodel C {\n  id Int @id\n  as A[]\n}\n",
     {"rename C: ALTER TABLE \"B\" RENAME TO \"C\"\n"
      "rename _AToC: ALTER TABLE \"_AToB\" RENAME TO \"_AToC\"\n"
      "rename_index C: ALTER TABLE \"C\" RENAME CONSTRAINT \"B_pkey\" TO \"C_pkey\"\n"
      "  rename C_pkey\n"
      "rename_index _AToC: ALTER TABLE \"_AToC\" RENAME CONSTRAINT \"_AToB_AB_pkey\" TO \"_AToC_AB_pkey\"\n"
      "  rename _AToC_AB_pkey\n"
      "rename_index _AToC: ALTER INDEX \"_AToB_B_index\" RENAME TO \"_AToC_B_index\"\n"
      "  rename _AToC_B_index\n"
      "rename_index _AToC: ALTER TABLE \"_AToC\" RENAME CONSTRAINT \"_AToB_A_fkey\" TO \"_AToC_A_fkey\"\n"
      "  rename _AToC_A_fkey\n"
      "rename_index _AToC: ALTER TABLE \"_AToC\" RENAME CONSTRAINT \"_AToB_B_fkey\" TO \"_AToC_B_fkey\"\n"
      "  rename _AToC_B_fkey\n",
      NULL}},
    {"a database schema is created",
     "datasource db {\n  provider = \"postgresql\"\n  schemas = [\"public\"]\n}\nmodel A {\n  id Int @id\n"
     "  @@schema(\"public\")\n}\n",
     "datasource db {\n  provider = \"postgresql\"\n  schemas = [\"public\", \"other\"]\n}\nmodel A {\n  id Int @id\n"
     "  @@schema(\"public\")\n}\nmodel B {\n  id Int @id\n  @@schema(\"other\")\n}\n",
     {"create_schema other: CREATE SCHEMA IF NOT EXISTS \"other\"\n"
      "create_table B: CREATE TABLE \"other\".\"B\" ( \"id\" INTEGER NOT NULL, CONSTRAINT \"B_pkey\" PRIMARY KEY (\"id\") )\n",
      NULL}},
    {"nothing differs",
     "model A {\n  id Int @id\n  n Int?\n  @@index([n])\n}\n",
     "model A {\n  id Int @id\n  n Int?\n  @@index([n])\n}\n",
     {"", SAME}},
};

static void check_difference(const difference *d, rl_provider provider, const char *want) {
  pure p;
  rl_buf got;
  rl_buf_init(&got);
  compare_schemas(&p, provider, d->from, d->to, NULL, false);
  write_difference(&p.diff, &got);
  expect_text(d->name, rl_buf_view(&got), want);
  rl_buf_dispose(&got);
  dispose_pure(&p);
}

static void test_differences(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    const char *const *want = all[i].want;
    if (want[0]) check_difference(&all[i], RL_PROVIDER_POSTGRESQL, want[0]);
    if (want[1]) check_difference(&all[i], RL_PROVIDER_SQLITE, want[1] == SAME ? want[0] : want[1]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_differences)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
