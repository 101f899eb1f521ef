-- Schemas of all kinds, for tests of every schema: { name, text, engines = "sqlite" | "postgresql" | nil for both, schemas = list }.
-- `text(schema, engine)` returns the text with its datasource.
local schemas = {}

local function add(name, text, options)
  local one = { name = name, body = text }
  for key, value in pairs(options or {}) do one[key] = value end
  schemas[#schemas + 1] = one
end

local PG, LITE = { engines = "postgresql" }, { engines = "sqlite" }
local ID = "  id Int @id @default(autoincrement())\n"
local function model(name, lines) return "model " .. name .. " {\n" .. ID .. lines .. "\n}\n" end

add("scalars", model("A", "  s String\n  i Int\n  b BigInt\n  f Float\n  d Decimal\n  t DateTime\n  j Json\n  y Bytes\n  o Boolean"))
add("optional scalars", model("A", "  s String?\n  i Int?\n  b BigInt?\n  f Float?\n  d Decimal?\n  t DateTime?\n  j Json?\n  y Bytes?\n  o Boolean?"))
add("defaults", model("A", [[
  s String @default("it's \"so\" \\ \n é")
  i Int @default(-2147483648)
  b BigInt @default(-9223372036854775808)
  f Float @default(-1.5)
  d Decimal @default(-12.50)
  t DateTime @default("2020-02-29T23:59:59.999Z")
  n DateTime @default(now())
  j Json @default("{\"a\": [1, null, \"x\"]}")
  o Boolean @default(false)]]))
add("empty defaults", model("A", '  s String @default("")\n  j Json @default("[]")\n  k Json @default("[1, 2]")\n'
  .. '  l Json @default("\\"x\\"")\n  m Json @default("null")\n  n Json @default("1.5")\n'
  .. '  o Json @default("true")\n  i Int @default(0)\n  f Float @default(0)'))
add("values made by the client", [[
model A {
  id String @id @default(uuid())
  a String @default(cuid())
  b String @default(nanoid(10))
  c String @default(uuid(7))
  d String @default(ulid())
  u DateTime @updatedAt
}]])
add("an id that is a text", "model A {\n  id String @id\n  n Int\n}")
add("a big id", "model A {\n  id BigInt @id\n  n Int\n}")
add("an id with a default", "model A {\n  id Int @id @default(5)\n  n Int\n}")
add("an id without numbers of its own", "model A {\n  id Int @id\n  n Int\n}")
add("a compound id", "model A {\n  a Int\n  b String\n  n Int?\n  @@id([a, b])\n}")
add("a compound id with a name", 'model A {\n  a Int\n  b String\n  @@id([b, a], name: "both")\n}')
add("an id with a name in the database", 'model A {\n  a Int\n  b String\n  @@id([b, a], name: "both", map: "the key")\n}', PG)
add("no id but a unique key", "model A {\n  a Int @unique\n  b String?\n}")
add("no id but a compound unique key", "model A {\n  a Int\n  b String\n  @@unique([a, b])\n}")
add("unique keys", model("A", "  a Int @unique\n  b String?\n  c Int\n  @@unique([b, c])\n  @@unique([c, a], name: \"own\")"))
add("unique keys with names", model("A", '  a Int @unique(map: "first")\n  b String?\n  @@unique([b, a], map: "the second")', PG), PG)
add("indexes", model("A", "  a Int\n  b String\n  c DateTime\n  @@index([a])\n  @@index([b, c])\n  @@index([c, b, a], map: \"long one\")"))
add("indexes in order", model("A", "  a Int\n  b String\n  @@index([a(sort: Desc)])\n  @@index([b, a(sort: Desc)])\n  @@unique([a, b(sort: Desc)])"))
add("methods of indexes", [[
model A {
  id Int @id
  a Int
  j Json
  l Int[]
  t DateTime
  @@index([a], type: Hash)
  @@index([j], type: Gin)
  @@index([j(ops: JsonbPathOps)], type: Gin, map: "paths")
  @@index([l], type: Gin)
  @@index([t], type: Brin)
}]], PG)
add("operator classes", [[
model A {
  id Int @id
  s String
  i BigInt
  f Float @db.Real
  t DateTime @db.Timestamptz(3)
  b String @db.VarBit(8)
  n String @db.Inet
  @@index([s(ops: TextOps)], type: SpGist, map: "words")
  @@index([s(ops: TextBloomOps)], type: Brin)
  @@index([i(ops: Int8MinMaxMultiOps)], type: Brin)
  @@index([f(ops: Float4BloomOps)], type: Brin, map: "bloom")
  @@index([f(ops: Float4MinMaxMultiOps)], type: Brin)
  @@index([t(ops: TimestampTzMinMaxMultiOps)], type: Brin)
  @@index([b(ops: VarBitMinMaxOps)], type: Brin)
  @@index([n(ops: InetOps)], type: Gist, map: "net")
  @@index([n(ops: InetMinMaxOps)], type: Brin)
}]], PG)
add("partial indexes", model("A", [[
  a Int
  b Boolean @default(false)
  d DateTime?
  @@unique([a], where: { b: true }, map: "once")
  @@index([a], where: raw("d IS NULL"), map: "open")]]))
add("enums", model("A", "  e Color\n  f Color?\n  g Color @default(DARK)") .. 'enum Color {\n  RED\n  DARK @map("dark blue")\n  Third\n}\n')
add("enums in other words", model("A", "  e Color @default(A)") .. 'enum Color {\n  A @map("1st")\n  B @map("it\'s")\n  C @map("c c")\n\n'
  .. '  @@map("the colors")\n}\n', PG)
add("lists", model("A", "  s String[]\n  i Int[] @default([1, -2])\n  t String[] @default([\"a,b\", \"it's\", \"\\\"\", \"\"])\n  e E[] @default([X])\n"
  .. "  f Float[]\n"
  .. "  o Boolean[] @default([true])\n  b BigInt[]\n  d Decimal[]\n  w DateTime[]\n  j Json[]\n  y Bytes[]\n  z Int[] @default([])") .. "enum E {\n"
    .. "  X\n  Y\n}\n", PG)
add("native texts", model("A", "  a String @db.VarChar(40)\n  b String @db.Char(3)\n  c String @db.Uuid\n  d String @db.Xml\n  e String @db.Inet\n"
  .. "  f String @db.Bit(3)\n"
  .. "  g String @db.VarBit\n  h String @db.Text\n  i String @db.VarChar\n  j String @db.Char\n  k String @db.VarBit(5)\n  l String @db.Bit"), PG)
add("native numbers", model("A", "  a Int @db.SmallInt\n  b Int @db.Integer\n  c Int @db.Oid\n  d Float @db.Real\n  e Float @db.DoublePrecision\n"
  .. "  f Decimal @db.Decimal(10, 2)\n"
  .. "  g Decimal @db.Money\n  h BigInt @db.BigInt\n  i Decimal @db.Decimal(5, 0)\n  j Decimal @default(1.5) @db.Decimal(4, 2)"), PG)
add("native times", model("A", "  a DateTime @db.Timestamp(0)\n  b DateTime @db.Timestamp(6)\n  c DateTime @db.Timestamptz(3)\n"
  .. "  d DateTime @db.Timestamptz\n  e DateTime @db.Date\n"
  .. "  f DateTime @db.Time(0)\n  g DateTime @db.Timetz(3)\n  h DateTime @default(now()) @db.Timestamptz(6)\n  i DateTime @db.Timestamp"), PG)
add("native rest", model("A", "  a Json @db.Json\n  b Json @db.JsonB\n  c Bytes @db.ByteA\n  d Boolean @db.Boolean\n  e String[] @db.VarChar(5)\n"
  .. "  f DateTime[] @db.Date"), PG)
add("small and big counters", "model A {\n  id Int @id @default(autoincrement()) @db.SmallInt\n}\nmodel B {\n"
  .. "  id BigInt @id @default(autoincrement())\n}\n", PG)
add("counters beside the id", "model A {\n  id String @id\n  n Int @default(autoincrement())\n  m BigInt @unique @default(autoincrement())\n}\n", PG)
add("what the database makes", model("A", '  u String @default(dbgenerated("gen_random_uuid()")) @db.Uuid\n  n Int @default(dbgenerated("(1 + 2)"))\n'
  .. '  t DateTime @default(dbgenerated("CURRENT_DATE")) @db.Date'), PG)
add("types of no schema", model("A", '  p Unsupported("point")?\n  r Unsupported("int4range")\n  v Unsupported("tsvector")?'), PG)
add("one to many", model("User", "  posts Post[]") .. model("Post", "  userId Int\n  user User @relation(fields: [userId], references: [id])\n"
  .. "  @@index([userId])"))
add("one to one", model("User", "  profile Profile?") .. model("Profile", "  userId Int @unique\n"
  .. "  user User @relation(fields: [userId], references: [id], onDelete: Cascade)"))
add("one to one, optional", model("User", "  profile Profile?") .. model("Profile", "  userId Int? @unique\n"
  .. "  user User? @relation(fields: [userId], references: [id])"))
add("many to many", model("Post", "  tags Tag[]") .. "model Tag {\n  name String @id\n  posts Post[]\n}\n")
add("many to many, twice", model("A", '  x B[] @relation("one")\n  y B[] @relation("two")') .. model("B", '  x A[] @relation("one")\n  y A[] @relation("two")'))
add("many to many with itself", model("A", '  after A[] @relation("chain")\n  before A[] @relation("chain")'))
add("many to many through a model", model("A", "  links Link[]") .. model("B", "  links Link[]")
  .. "model Link {\n  aId Int\n  bId Int\n  a A @relation(fields: [aId], references: [id], onDelete: Cascade)\n"
    .. "  b B @relation(fields: [bId], references: [id])\n  at DateTime @default(now())\n  @@id([aId, bId])\n}\n")
add("with itself", model("A", '  parentId Int?\n  parent A? @relation("tree", fields: [parentId], references: [id], onDelete: NoAction, onUpdate: NoAction)\n'
    .. '  children A[] @relation("tree")'))
add("several relations of two models", model("User", '  written Post[] @relation("by")\n  edited Post[] @relation("edited")')
  .. model("Post", '  byId Int\n  by User @relation("by", fields: [byId], references: [id])\n  editorId Int?\n'
    .. '  editor User? @relation("edited", fields: [editorId], references: [id], onDelete: SetNull, onUpdate: Restrict)'))
add("compound relations", "model A {\n  x Int\n  y String\n  bs B[]\n  @@id([x, y])\n}\n" .. model("B", "  ax Int\n  ay String\n"
  .. "  a A @relation(fields: [ax, ay], references: [x, y], onDelete: Cascade)"))
add("relations to a unique key", model("A", "  code String @unique\n  bs B[]") .. model("B", "  aCode String\n"
  .. "  a A @relation(fields: [aCode], references: [code])"))
add("a ring", model("A", "  bId Int?\n  b B? @relation(\"ab\", fields: [bId], references: [id])\n  cs B[] @relation(\"ba\")") .. model("B",
  "  aId Int?\n  a A? @relation(\"ba\", fields: [aId], references: [id])\n  ds A[] @relation(\"ab\")"))
add("relations with names", model("A", "  bs B[]") .. model("B", '  aId Int\n  a A @relation(fields: [aId], references: [id], map: "own key")'), PG)
add("relations without keys", model("A", "  bs B[]") .. model("B", "  aId Int\n  a A @relation(fields: [aId], references: [id])\n  @@index([aId])"),
  { more = '  relationMode = "prisma"\n' })
add("other names", [[
model User {
  id Int @id @default(autoincrement()) @map("user id")
  mail String @unique @map("e-mail")
  group String @map("group")
  order Int @map("select")
  posts Post[]
  @@index([group, order])
  @@map("all users")
}
model Post {
  id Int @id @map("_id")
  userId Int @map("user \"id\"")
  user User @relation(fields: [userId], references: [id])
  @@map("select")
}]])
add("names of all languages", 'model A {\n  id Int @id @map("número")\n  n Int @map("日本")\n  m String @unique @map("naïve col")\n  @@map("Ünï cödé")\n}\n')
add("keywords", "model Order {\n  id Int @id\n  select Int\n  from String\n  where Boolean @default(true)\n  table Int @unique\n"
  .. "  @@index([select, from])\n}\nmodel Group {\n  id Int @id\n  user Int\n}\n")
add("long names of links", ("model A {\n  id Int @id\n  bs B[] @relation(%q)\n  more B[]\n}\nmodel B {\n  id Int @id\n  as A[] @relation(%q)\n  more A[]\n}\n")
  :format(("r"):rep(61), ("r"):rep(61)))
add("long names", "model ModelWithAQuiteLongNameThatGoesOnAndOnAndOnForever {\n  id Int @id\n  fieldWithAQuiteLongNameThatGoesOnAndOn Int @unique\n"
  .. "  anotherFieldWithAQuiteLongName Int\n"
  .. "  @@index([fieldWithAQuiteLongNameThatGoesOnAndOn, anotherFieldWithAQuiteLongName])\n}\n")
add("what is ignored", model("A", "  a Int @ignore\n  b String?\n  bs B[] @ignore") .. "model B {\n  id Int @id\n  aId Int\n"
  .. "  a A @relation(fields: [aId], references: [id])\n  @@ignore\n}\n")
add("several schemas", [[
model User {
  id Int @id
  kind Kind @default(B)
  posts Post[]
  tags Tag[]
  @@schema("one")
}
model Post {
  id Int @id
  userId Int
  user User @relation(fields: [userId], references: [id])
  @@schema("two")
}
model Tag {
  id Int @id
  users User[]
  @@schema("one")
}
enum Kind {
  A
  B
  @@schema("two")
}]], { engines = "postgresql", more = '  schemas = ["one", "two"]\n', schemas = { "one", "two" } })
add("views", model("A", "  n Int") .. "view V {\n  id Int @unique\n  n Int?\n}\n")
add("generated by nobody", "model Row {\n  a Int\n  b Float\n  c Boolean\n  @@id([a, b, c])\n}\n", LITE)
add("much", [[
enum Role {
  USER
  ADMIN
}
model User {
  id Int @id @default(autoincrement())
  email String @unique
  role Role @default(USER)
  posts Post[]
  profile Profile?
  comments Comment[]
  liked Post[] @relation("likes")
  bossId Int?
  boss User? @relation("team", fields: [bossId], references: [id])
  team User[] @relation("team")
  @@index([role, email])
}
model Profile {
  userId Int @id
  user User @relation(fields: [userId], references: [id], onDelete: Cascade)
  bio String @default("")
}
model Post {
  id Int @id @default(autoincrement())
  title String
  authorId Int
  author User @relation(fields: [authorId], references: [id])
  comments Comment[]
  likedBy User[] @relation("likes")
  meta Json?
  @@unique([authorId, title])
}
model Comment {
  id BigInt @id @default(autoincrement())
  postId Int
  post Post @relation(fields: [postId], references: [id], onDelete: Cascade)
  authorId Int?
  author User? @relation(fields: [authorId], references: [id])
  at DateTime @default(now())
  @@index([postId, at(sort: Desc)])
}]])

local list = { all = schemas }

function list.of(engine)
  local found = {}
  for _, one in ipairs(schemas) do
    if not one.engines or one.engines == engine then found[#found + 1] = one end
  end
  return found
end

function list.text(one, engine)
  return ('datasource db {\n  provider = "%s"\n%s}\n\ngenerator client {\n  provider = "prisma-client-js"\n'
    .. '  previewFeatures = ["views", "partialIndexes"]\n}\n\n%s')
    :format(engine, one.more or "", one.body)
end

return list
