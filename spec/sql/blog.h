/* The schema and the rows that the tests of sql share. */
#ifndef SPEC_SQL_BLOG_H
#define SPEC_SQL_BLOG_H

static const char blog_schema[] = "enum Role {\n  USER\n  ADMIN\n}\n"
                                  "model User {\n"
                                  "  id Int @id\n"
                                  "  email String @unique\n"
                                  "  name String?\n"
                                  "  role Role @default(USER)\n"
                                  "  age Int?\n"
                                  "  score Float?\n"
                                  "  bal Decimal?\n"
                                  "  meta Json?\n"
                                  "  bossId Int? @map(\"boss\")\n"
                                  "  boss User? @relation(\"b\", fields: [bossId], references: [id])\n"
                                  "  minions User[] @relation(\"b\")\n"
                                  "  posts Post[]\n"
                                  "}\n"
                                  "model Post {\n"
                                  "  id Int @id @default(autoincrement())\n"
                                  "  title String\n"
                                  "  views Int @default(0)\n"
                                  "  authorId Int?\n"
                                  "  author User? @relation(fields: [authorId], references: [id])\n"
                                  "  tags Tag[]\n"
                                  "  @@map(\"posts\")\n"
                                  "}\n"
                                  "model Tag {\n"
                                  "  id Int @id\n"
                                  "  name String @unique\n"
                                  "  posts Post[]\n"
                                  "}\n"
                                  "model Pair {\n"
                                  "  a Int\n"
                                  "  b String\n"
                                  "  v Int\n"
                                  "  raw Bytes?\n"
                                  "  @@id([a, b])\n"
                                  "}\n";

/* Users: 1 is the boss of 2 and 3, and 3 of 4. Posts: three of user 1, one of user 2, one without a user. */
static const char blog_rows[] =
    "INSERT INTO \"User\" (id, email, name, role, age, score, bal, meta, boss) VALUES"
    " (1, 'ann@x', 'Ann', 'ADMIN', 40, 1.5, 10, '{\"a\": {\"b\": [1, 2, \"x\"]}, \"n\": null, \"s\": \"a_b\", \"k\": "
    "7}', NULL),"
    " (2, 'bob@x', 'bob', 'USER', NULL, 2.5, 2.5, '{\"a\": 5, \"s\": \"axb\", \"k\": \"7\"}', 1),"
    " (3, 'cy@x', NULL, 'USER', 20, NULL, 7, '[1, {\"z\": 1, \"y\": 2}]', 1),"
    " (4, 'dee@x', 'Dee', 'USER', 40, 0.5, NULL, NULL, 3),"
    " (5, 'eve_x', 'ann', 'USER', NULL, NULL, NULL, 'null', NULL);"
    "INSERT INTO posts (id, title, views, \"authorId\") VALUES"
    " (1, 'one', 10, 1), (2, 'two', 20, 1), (3, 'three', 20, 1), (4, 'four', 5, 2), (5, 'five', 0, NULL);"
    "INSERT INTO \"Tag\" (id, name) VALUES (1, 'red'), (2, 'green'), (3, 'blue');"
    "INSERT INTO \"_PostToTag\" (\"A\", \"B\") VALUES (1, 1), (1, 2), (2, 2), (4, 3);"
    "INSERT INTO \"Pair\" (a, b, v) VALUES (1, 'x', 1), (1, 'y', 2), (2, 'x', 3)";

#endif
