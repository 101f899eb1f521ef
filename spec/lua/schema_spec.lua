-- db:schema(): what a schema says, as plain tables.
local rille = require "rille"
local support = require "support"

local schema = [[
/// People.
model Person {
  id     Int      @id @default(autoincrement())
  /// Where to write to.
  /// @trim
  /// @email
  /// @length 3..80
  /// @message must be an address
  email  String   @unique @map("mail")
  role   Role     @default(reader)
  /// @range -5..5
  level  Int      @default(3)
  big    BigInt   @default(12345678901)
  ratio  Float    @default(0.5) /// @range ..1.5
  /// @range 0.01..99.95
  price  Decimal? @default(12.50)
  /// @range 2020-01-01..
  since  DateTime @default(now())
  /// @one-of light, "very, very dark"
  theme  String   @default("light")
  /// @one-of 1, 2
  size   Int?
  /// @pattern ^%a+$
  code   String   @default(uuid())
  active Boolean  @default(true)
  data   Json     @default("{}")
  bossId Int?
  boss   Person?  @relation("boss", fields: [bossId], references: [id])
  staff  Person[] @relation("boss")
  tags   Tag[]
  hidden String?  @ignore
  stamp  DateTime @updatedAt

  @@unique([email, level])
  @@index([role])
}
/// @touches Person, Tag
model Tag {
  id      Int      @id
  persons Person[]
}
model Gone {
  id Int @id

  @@ignore
}
enum Role {
  /// Reads.
  reader
  writer @map("w")
}
]]

support.each_engine(function(engine)
  describe("schema", function()
    local db, model, fields
    before_each(function()
      db = support.open(engine, schema)
      model, fields = db:schema "person", {}
      for _, f in ipairs(model.fields) do fields[f.name] = f end
    end)

    it("has models, enums and the provider", function()
      local all = db:schema()
      assert.equal(engine, all.provider)
      assert.same({ "Person", "Tag" }, { all.models[1].name, all.models[2].name })
      assert.equal(2, #all.models)
      assert.same(
        { name = "Role", type = "Role", values = { { name = "reader", value = "reader", doc = "Reads." }, { name = "writer", value = "w" } } },
        all.enums[1])
      assert.same(all.models[1], model)
      assert.equal("People.", model.doc)
      assert.equal("person", model.snake)
      assert.are_not.equal(model, db:schema "Person")
      assert.same({ "Person", "Tag" }, all.models[2].touches)
      assert.is_nil(model.touches)
    end)

    it("has fields with types and defaults", function()
      assert.same({ name = "id", kind = "scalar", type = "Int", column = "id", required = true, is_id = true, has_default = true, by_database = true,
        default_kind = "autoincrement" }, fields.id)
      assert.equal("mail", fields.email.column)
      assert.is_true(fields.email.is_unique)
      assert.equal("reader", fields.role.default)
      assert.same({ "reader", "writer" }, fields.role.values)
      assert.equal(3, fields.level.default)
      assert.equal("12345678901", tostring(fields.big.default):gsub("%.0$", ""))
      assert.equal(0.5, fields.ratio.default)
      assert.equal("12.50", fields.price.default)
      assert.equal("light", fields.theme.default)
      assert.is_true(fields.active.default)
      assert.equal("{}", fields.data.default)
      assert.is_nil(fields.since.default)
      assert.equal("now", fields.since.default_kind)
      assert.is_nil(fields.price.required)
      assert.is_true(fields.stamp.updated_at)
      assert.is_nil(fields.hidden)
    end)

    it("has rules and comments", function()
      assert.same({ trim = true, email = true, length = { min = 3, max = 80 }, message = "must be an address" }, fields.email.rules)
      assert.equal("Where to write to.\n@trim\n@email\n@length 3..80\n@message must be an address", fields.email.doc)
      assert.same({ range = { min = -5, max = 5 } }, fields.level.rules)
      assert.same({ range = { max = 1.5 } }, fields.ratio.rules)
      assert.same({ range = { min = "0.01", max = "99.95" } }, fields.price.rules)
      assert.same({ range = { min = "2020-01-01" } }, fields.since.rules)
      assert.same({ one_of = { "light", "very, very dark" } }, fields.theme.rules)
      assert.same({ one_of = { 1, 2 } }, fields.size.rules)
      assert.same({ pattern = "^%a+$" }, fields.code.rules)
      assert.is_nil(fields.active.rules)
    end)

    it("has relations and keys", function()
      assert.same({ name = "boss", kind = "relation", type = "Person", target = "Person", opposite = "staff", relation = "one_to_many",
        relation_name = "boss", holds_key = true, own_fields = { "bossId" }, other_fields = { "id" }, on_delete = "SetNull",
        on_update = "Cascade" }, fields.boss)
      assert.is_true(fields.staff.list)
      assert.same({ "many_to_many", "Tag", "persons" }, { fields.tags.relation, fields.tags.target, fields.tags.opposite })
      local kinds = {}
      for i, k in ipairs(model.keys) do kinds[i] = ("%s %s %s"):format(k.kind, table.concat(k.fields, "+"), k.names_row and k.client_name or "-") end
      table.sort(kinds)
      assert.same({ "index role -", "primary id id", "unique email email", "unique email+level email_level" }, kinds)
    end)

    it("is Json", function()
      local text = rille.json.encode(db:schema "tag")
      assert.truthy(text:find('"fields":[', 1, true))
      assert.equal("Tag", rille.json.decode(rille.json.encode(db:schema())).models[2].name)
    end)

    it("is there in transactions, and where a model has its name", function()
      db:transaction(function(tx) assert.equal(2, #tx:schema().models) end)
      local other = support.open(engine, "model Schema {\n  id Int @id\n}\n")
      assert.equal("Schema", other:schema().models[1].name)
    end)

    it("refuses unknown names", function()
      assert.equal("schema: unknown model `persn`; did you mean `person`?", support.fails("VALIDATION", db.schema, db, "persn").message)
      support.fails("VALIDATION", db.schema, db, "Gone")
      support.fails("VALIDATION", db.schema, db, 5)
      support.fails("VALIDATION", db.schema)
    end)
  end)
end)

if support.server then
  it("schema has lists and native types", function()
    local db = support.open("postgresql", [[
model Item {
  id   Int      @id
  no   String   @unique @db.VarChar(9) @default(dbgenerated("'x'"))
  tags String[] @default(["a", "b"])
}
]])
    local fields = db:schema("item").fields
    assert.same({ "VarChar", { 9 }, "'x'", "dbgenerated" }, { fields[2].native, fields[2].native_args, fields[2].expression, fields[2].default_kind })
    assert.same({ "a", "b" }, fields[3].default)
    assert.is_true(fields[3].list)
  end)
end
