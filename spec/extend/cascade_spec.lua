-- Hooks for rows that rille changes because of `relationMode = "prisma"`, and none for what the database does on its own.
local support = require "support"
local shop = require "extend.shop"

local models = [[
model Owner {
  id     Int     @id
  code   String  @unique
  boxes  Box[]
  papers Paper[]
}
model Box {
  id      Int    @id
  ownerId Int
  owner   Owner  @relation(fields: [ownerId], references: [id], onDelete: Cascade)
  items   Item[]
}
model Item {
  id    Int    @id
  boxId Int?
  box   Box?   @relation(fields: [boxId], references: [id], onDelete: SetNull)
  notes Note[]
}
model Note {
  id     Int  @id
  itemId Int
  item   Item @relation(fields: [itemId], references: [id], onDelete: Restrict)
}
model Paper {
  id        Int    @id
  ownerCode String
  stamp     String @default("none")
  owner     Owner  @relation(fields: [ownerCode], references: [code], onUpdate: Cascade, onDelete: Cascade)
}
model Node {
  id     Int    @id
  upId   Int?
  up     Node?  @relation("tree", fields: [upId], references: [id], onDelete: Cascade)
  downs  Node[] @relation("tree")
}
]]

local function schema(engine, mode)
  return ('datasource db {\n  provider     = "%s"\n%s}\n%s'):format(engine, mode and '  relationMode = "prisma"\n' or "", models)
end

local ALL = { "Owner", "Box", "Item", "Note", "Paper", "Node" }

local function fill(db)
  db.owner:create { data = { id = 1, code = "a", boxes = { create = { { id = 1, items = { create = { { id = 1 }, { id = 2 } } } }, { id = 2 } } },
    papers = { create = { { id = 1 }, { id = 2 } } } } }
  db.owner:create { data = { id = 2, code = "b", boxes = { create = { id = 3, items = { create = { id = 3, notes = { create = { id = 1 } } } } } } } }
end

support.each_engine(function(engine)
  describe("with relationMode = prisma", function()
    local db, x, log
    before_each(function()
      db = support.open(engine, schema(engine, true))
      fill(db)
      x, log = shop.logged(db, ALL)
    end)

    it("rows that are deleted or changed with another one have their hooks, once", function()
      x.owner:delete { where = { id = 1 } }
      assert.same({ "before delete Owner", "before delete Box", "before update Item", "before update Item", "before delete Box",
        "before delete Paper", "before delete Paper",
        "after update Item", "after update Item", "after delete Box", "after delete Box", "after delete Paper", "after delete Paper", "after delete Owner" },
        shop.take(log))
      assert.same({ 1, 1, 3, 0 }, { db.owner:count(), db.box:count(), db.item:count(), db.paper:count() })
      assert.equal(2, db.item:count { where = { boxId = require("rille").null } })
    end)

    it("the same for delete_many and nested deletes", function()
      x.box:delete_many { where = { id = { lt = 3 } } }
      assert.equal(2 + 2 + 2 + 2, #shop.take(log))
      x.owner:update { where = { id = 2 }, data = { boxes = { delete = { id = 3 } } } }
      assert.same({ "before delete Box", "before update Item", "after update Item", "after delete Box" }, shop.take(log))
    end)

    it("rows that follow a changed key have their hooks, and may be changed more", function()
      local y = db:extend { write = { paper = {
        before = function(row, _, action) row.stamp = action .. " " .. row.ownerCode end,
        after = function(row, _, action, previous) log[#log + 1] = ("%s %s %s %s"):format(action, previous.ownerCode, row.ownerCode, row.stamp) end,
      } } }
      y.owner:update { where = { id = 1 }, data = { code = "z" } }
      assert.same({ "update a z update z", "update a z update z" }, log)
      assert.equal(2, db.paper:count { where = { ownerCode = "z", stamp = "update z" } })
    end)

    it("an error rolls everything back, and what is restricted stays", function()
      local y = db:extend { write = { item = { before = function() error("no", 0) end } } }
      assert.same({ false, "no" }, { pcall(y.owner.delete, y.owner, { where = { id = 1 } }) })
      support.fails("P2014", x.item.delete, x.item, { where = { id = 3 } })
      assert.same({ 2, 3, 3, 2 }, { db.owner:count(), db.box:count(), db.item:count(), db.paper:count() })
    end)

    it("what is restricted is refused before a hook of rows that refer to it", function()
      db.note:create { data = { id = 2, itemId = 1 } }
      support.fails("P2014", x.item.delete_many, x.item, { where = { id = { lt = 3 } } })
      assert.same({ {}, 3 }, { shop.take(log), db.item:count() })
    end)

    it("rows in a circle are deleted once", function()
      db.node:create { data = { id = 1 } }
      db.node:create { data = { id = 2, upId = 1 } }
      db.node:update { where = { id = 1 }, data = { upId = 2 } }
      x.node:delete { where = { id = 1 } }
      assert.same({ "before delete Node", "before delete Node", "after delete Node", "after delete Node" }, shop.take(log))
      assert.equal(0, db.node:count())
    end)

    it("models without hooks are left to the core", function()
      local y, own = shop.logged(db, { "Item" })
      y.owner:delete { where = { id = 1 } }
      assert.same({ "before update Item", "before update Item", "after update Item", "after update Item" }, shop.take(own))
    end)
  end)

  it("the database's own actions call nothing", function()
    local db = support.open(engine, schema(engine, false))
    fill(db)
    local x, log = shop.logged(db, ALL)
    x.owner:delete { where = { id = 1 } }
    assert.same({ "before delete Owner", "after delete Owner" }, shop.take(log))
    assert.equal(1, db.box:count())
  end)
end)
