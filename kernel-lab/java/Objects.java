import java.util.HashMap;
import java.util.Map;

/**
 * A JVM with 200,000 objects, half of them given up again, for `thpscope conform --suite restart`. With an argument,
 * for `--suite diff`, it goes on making some and giving them up.
 */
public final class Objects {
    private record Part(int id, String name, int[] numbers) {}

    public static void main(String[] arguments) throws InterruptedException {
        Map<Integer, Part> parts = new HashMap<>();
        for (int i = 0; i < 200_000; i++)
            parts.put(i, new Part(i, "object " + i, new int[] {i, i + 1, i + 2}));
        parts.keySet().removeIf(id -> id % 2 == 0);
        System.out.println("ready");
        if (arguments.length == 0)
            Thread.sleep(Long.MAX_VALUE);
        for (int i = 0;; i++) {
            int id = i % 200_000;
            parts.put(id, new Part(id, "again " + id, new int[] {id, i}));
            if (i % 50 == 0)
                Thread.sleep(20);
        }
    }
}
