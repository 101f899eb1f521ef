/* relationMode = "prisma": referential actions are steps. */
#include "plan_fixture.h"

static const char shop_schema[] =
    "datasource db {\n  provider = \"postgresql\"\n  relationMode = \"prisma\"\n}\n"
    "model Shop {\n  id Int @id\n  code String @unique\n  items Item[]\n  offers Offer[]\n  notes Note[]\n  towns "
    "Town[]\n}\n"
    "model Item {\n  id Int @id\n  shopId Int\n  shop Shop @relation(fields: [shopId], references: [id], onDelete: "
    "Cascade)\n  parts Part[]\n}\n"
    "model Part {\n  id Int @id\n  itemId Int?\n  item Item? @relation(fields: [itemId], references: [id])\n}\n"
    "model Offer {\n  id Int @id\n  shopId Int\n  shop Shop @relation(fields: [shopId], references: [id], onDelete: "
    "Restrict, onUpdate: Restrict)\n}\n"
    "model Note {\n  id Int @id\n  code String?\n  shop Shop? @relation(fields: [code], references: [code], onUpdate: "
    "SetNull)\n}\n"
    "model Town {\n  id Int @id\n  shops Shop[]\n}\n";

static rl_schema *shop;

static void deletes(void **state) {
  (void)state;
  expect_plan(shop, "shop", RILLE_DELETE, "{where: {id: 1}, select: {code: true}}",
              "atomic\n"
              "0: select Shop [code | id] where id=$ -> r0(1 0) as node 0 else P2025\n"
              "1: if r0: select Offer [| id] where shopId=r0.0 -> r1(0)\n"
              "2: if r1: if r0: raise P2014\n"
              "3: if r0: unlink _ShopToTown A=r0.0[]\n"
              "4: if r0: select Item [| id] where shopId=r0.0 -> r2(0)\n"
              "5: if r2: if r0: update Part {itemId=null} where itemId=r2.0[]\n"
              "6: if r0: delete Item where shopId=r0.0 and id=r2.0[] fewer than r2: P2034\n"
              "7: if r0: update Note {code=null} where code=r0.1\n"
              "8: delete Shop where id=r0.0 else P2025\n");
  expect_plan(shop, "item", RILLE_DELETE_MANY, "{where: {shopId: 1}}",
              "atomic\n"
              "0: select Item [| id] where shopId=$ -> r0(0)\n"
              "1: if r0: update Part {itemId=null} where itemId=r0.0[]\n"
              "2: delete Item where shopId=$ and id=r0.0[] counts fewer than r0: P2034\n");
  expect_plan(shop, "part", RILLE_DELETE_MANY, "{where: {itemId: 1}}", "0: delete Part where itemId=$ counts\n");
}

static void updates(void **state) {
  (void)state;
  expect_plan(shop, "shop", RILLE_UPDATE, "{where: {id: 1}, data: {code: 'x'}, select: {id: true}}",
              "atomic\n"
              "0: select Shop [| id code] where id=$ lock -> r0(0 1) else P2025\n"
              "1: update Note {code=null} where code=r0.1\n"
              "2: update Shop {code=$} where id=r0.0 returning [id] as node 0\n");
  expect_plan(shop, "shop", RILLE_UPDATE_MANY, "{where: {code: 'a'}, data: {id: {increment: 1}}}",
              "atomic\n"
              "0: select Shop [| id] where code=$ order id+ lock -> r0(0)\n"
              "1: select Offer [| id] where shopId=r0.0[] -> r1(0)\n"
              "2: if r1: raise P2014\n"
              "3: update Item {shopId+=$} where shopId=r0.0[]\n"
              "4: update Shop {id+=$} where id=r0.0[] counts\n");
  expect_plan(shop, "item", RILLE_UPDATE, "{where: {id: 1}, data: {id: 2}, select: {id: true}}",
              "atomic\n"
              "0: select Item [| id] where id=$ lock -> r0(0) else P2025\n"
              "1: update Part {itemId=$} where itemId=r0.0\n"
              "2: update Item {id=$} where id=r0.0 returning [id] as node 0\n");
  expect_plan(shop, "part", RILLE_UPDATE, "{where: {id: 1}, data: {id: 2}, select: {id: true}}",
              "0: update Part {id=$} where id=$ returning [id] as node 0 else P2025\n");
  expect_plan(shop, "shop", RILLE_UPSERT,
              "{where: {id: 1}, create: {id: 1, code: 'a'}, update: {code: 'b'}, select: {id: true}}",
              "atomic\n"
              "0: select Shop [| id code] where id=$ -> r0(0 1)\n"
              "1: if r0: select Shop [| id code] where id=r0.0 lock -> r2(0 1) else P2025\n"
              "2: if r0: update Note {code=null} where code=r2.1\n"
              "3: if r0: update Shop {code=$} where id=r2.0 returning [| id code] -> r3(0 1)\n"
              "4: if r0: r1 := r3\n"
              "5: if r0 is empty: insert Shop {id=$ code=$} returning [| id] -> r4(0) else P2025\n"
              "6: if r0 is empty: r1 := r4\n"
              "7: select Shop [id] where id=r1.0 as node 0\n");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(deletes), cmocka_unit_test(updates)};
  shop = schema_of(shop_schema);
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  rl_schema_release(shop);
  return failed;
}
